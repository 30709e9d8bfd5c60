import type { Configuration, NodeId } from '@quorate/core';
import { numberAt, putNumber, putU16, u16At } from './bytes.ts';
import { FrameError } from './errors.ts';

/** [u16 voters][u16 outgoing][u16 learners][u16 0], then the ids of each list. */
const HEAD_BYTES = 8;
const ID_BYTES = 8;
const MOST_IDS = 65_535;

export function configurationSize(configuration: Configuration): number {
  const { voters, outgoing, learners } = configuration;
  return HEAD_BYTES + ID_BYTES * (voters.length + outgoing.length + learners.length);
}

export function putConfiguration(
  bytes: Uint8Array,
  at: number,
  configuration: Configuration,
): number {
  let next = at + HEAD_BYTES;
  let countAt = at;
  for (const ids of [configuration.voters, configuration.outgoing, configuration.learners]) {
    if (ids.length > MOST_IDS) throw new RangeError(`a configuration of ${ids.length} servers`);
    putU16(bytes, countAt, ids.length);
    countAt += 2;
    for (const id of ids) {
      putNumber(bytes, next, id);
      next += ID_BYTES;
    }
  }
  putU16(bytes, countAt, 0);
  return next;
}

/** @throws {FrameError} unless a valid configuration lies between `at` and `end`. */
export function configurationAt(bytes: Uint8Array, at: number, end: number): Configuration {
  if (end - at < HEAD_BYTES) throw new FrameError('a configuration is cut off', end);
  const counts = [u16At(bytes, at), u16At(bytes, at + 2), u16At(bytes, at + 4)] as const;
  if (u16At(bytes, at + 6) !== 0) throw new FrameError('a reserved field is not 0', at + 6);
  const size = HEAD_BYTES + ID_BYTES * (counts[0] + counts[1] + counts[2]);
  if (end - at < size) throw new FrameError('a configuration is cut off', end);
  if (counts[0] === 0) throw new FrameError('a configuration without voters', at);

  const firstId = at + HEAD_BYTES;
  const voters = idsAt(bytes, firstId, counts[0]);
  const outgoing = idsAt(bytes, firstId + ID_BYTES * counts[0], counts[1]);
  const learners = idsAt(bytes, firstId + ID_BYTES * (counts[0] + counts[1]), counts[2]);
  for (const id of learners) {
    if (voters.includes(id) || outgoing.includes(id)) {
      throw new FrameError(`server ${id} is a voter and a learner`, at);
    }
  }
  return { voters, outgoing, learners };
}

function idsAt(bytes: Uint8Array, at: number, count: number): NodeId[] {
  const ids: NodeId[] = [];
  let previous = 0;
  for (let position = 0; position < count; position += 1) {
    const id = numberAt(bytes, at + ID_BYTES * position);
    if (id <= previous) {
      throw new FrameError('server ids must ascend from 1', at + ID_BYTES * position);
    }
    ids.push(id as NodeId);
    previous = id;
  }
  return ids;
}
