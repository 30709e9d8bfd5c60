import type { Configuration, NodeId } from '@quorate/core';
import { numberAt, putNumber, putU16, u16At } from './bytes.ts';
import { FrameError } from './errors.ts';

/** [u16 voters][u16 outgoing][u16 learners][u16 removed], then the ids of each list. */
const HEAD_BYTES = 8;
const ID_BYTES = 8;
const MOST_IDS = 65_535;

export function configurationSize(configuration: Configuration): number {
  const { voters, outgoing, learners, removed } = configuration;
  const ids = voters.length + outgoing.length + learners.length + removed.length;
  return HEAD_BYTES + ID_BYTES * ids;
}

export function putConfiguration(
  bytes: Uint8Array,
  at: number,
  configuration: Configuration,
): number {
  let next = at + HEAD_BYTES;
  let countAt = at;
  const { voters, outgoing, learners, removed } = configuration;
  for (const ids of [voters, outgoing, learners, removed]) {
    if (ids.length > MOST_IDS) throw new RangeError(`a configuration of ${ids.length} servers`);
    putU16(bytes, countAt, ids.length);
    countAt += 2;
    for (const id of ids) {
      putNumber(bytes, next, id);
      next += ID_BYTES;
    }
  }
  return next;
}

/** @throws {FrameError} unless a valid configuration lies between `at` and `end`. */
export function configurationAt(bytes: Uint8Array, at: number, end: number): Configuration {
  if (end - at < HEAD_BYTES) throw new FrameError('a configuration is cut off', end);
  const counts = [0, 2, 4, 6].map((offset) => u16At(bytes, at + offset));
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (end - at < HEAD_BYTES + ID_BYTES * total) {
    throw new FrameError('a configuration is cut off', end);
  }
  if (counts[0] === 0) throw new FrameError('a configuration without voters', at);

  let next = at + HEAD_BYTES;
  const [voters, outgoing, learners, removed] = counts.map((count) => {
    const ids = idsAt(bytes, next, count);
    next += ID_BYTES * count;
    return ids;
  }) as [NodeId[], NodeId[], NodeId[], NodeId[]];
  refuseOverlap(voters, learners, 'a voter and a learner', at);
  for (const members of [voters, outgoing, learners]) {
    refuseOverlap(members, removed, 'a member and removed', at);
  }
  return { voters, outgoing, learners, removed };
}

function refuseOverlap(a: readonly NodeId[], b: readonly NodeId[], what: string, at: number): void {
  const both = a.find((id) => b.includes(id));
  if (both !== undefined) throw new FrameError(`server ${both} is ${what}`, at);
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
