/**
 * A configuration in bytes.
 *
 *     0  u16  number of voters; its highest bit says that the second part follows
 *     2  u16  number of outgoing voters
 *     4  u16  number of learners
 *     6  u16  number of removed servers
 *     8  …    the ids of each list, u53 each
 *
 * The second part, written only where it says something:
 *
 *     0  u16  number of voters of what follows; 0: nothing follows
 *     2  u16  number of its learners
 *     4  u16  number of addresses
 *     6  u16  0
 *     8  …    the ids of both lists; for each address u53 id, u16 length, UTF-8
 */

import type { Configuration, NodeId, ServerAddress } from '@quorate/core';
import { numberAt, putNumber, putU16, u16At } from './bytes.ts';
import { FrameError } from './errors.ts';

const HEAD_BYTES = 8;
const ID_BYTES = 8;
const MOST_IDS = 32_767;
const HAS_SECOND_PART = 0x8000;
/** Before the text of an address: id and length. */
const ADDRESS_HEAD_BYTES = 10;

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

type Lists = readonly (readonly NodeId[])[];

export function configurationSize(configuration: Configuration): number {
  let size = HEAD_BYTES + idBytes(firstLists(configuration));
  if (!hasSecondPart(configuration)) return size;
  size += HEAD_BYTES + idBytes(secondLists(configuration));
  for (const { address } of configuration.addresses) {
    size += ADDRESS_HEAD_BYTES + encoder.encode(address).length;
  }
  return size;
}

export function putConfiguration(
  bytes: Uint8Array,
  at: number,
  configuration: Configuration,
): number {
  let next = putLists(bytes, at, firstLists(configuration));
  if (!hasSecondPart(configuration)) return next;
  putU16(bytes, at, configuration.voters.length | HAS_SECOND_PART);

  const { addresses } = configuration;
  putU16(bytes, next + 4, addresses.length);
  next = putLists(bytes, next, secondLists(configuration));
  for (const { id, address } of addresses) {
    const text = encoder.encode(address);
    putNumber(bytes, next, id);
    putU16(bytes, next + ID_BYTES, text.length);
    bytes.set(text, next + ADDRESS_HEAD_BYTES);
    next += ADDRESS_HEAD_BYTES + text.length;
  }
  return next;
}

/**
 * Not every configuration has voters: one that has none is that of a server that waits to be added.
 *
 * @throws {FrameError} unless a valid configuration lies between `at` and `end`.
 */
export function configurationAt(bytes: Uint8Array, at: number, end: number): Configuration {
  requireBytes(end - at >= HEAD_BYTES, end);
  const [first = 0, ...others] = [0, 2, 4, 6].map((offset) => u16At(bytes, at + offset));
  const hasSecond = (first & HAS_SECOND_PART) !== 0;
  const counts = [first & MOST_IDS, ...others];
  const { lists, end: listsEnd } = listsAt(bytes, at + HEAD_BYTES, end, counts);
  const [voters, outgoing, learners, removed] = lists as [NodeId[], NodeId[], NodeId[], NodeId[]];
  refuseOverlap(voters, learners, 'a voter and a learner', at);
  for (const members of [voters, outgoing, learners]) {
    refuseOverlap(members, removed, 'a member and removed', at);
  }
  const second = hasSecond ? secondPartAt(bytes, listsEnd, end) : NO_SECOND_PART;
  return { voters, outgoing, learners, removed, ...second };
}

const NO_SECOND_PART = { next: undefined, addresses: [] };

function secondPartAt(
  bytes: Uint8Array,
  at: number,
  end: number,
): Pick<Configuration, 'next' | 'addresses'> {
  requireBytes(end - at >= HEAD_BYTES, end);
  if (u16At(bytes, at + 6) !== 0) throw new FrameError('a reserved field is not 0', at + 6);
  const counts = [0, 2].map((offset) => u16At(bytes, at + offset));
  const { lists, end: addressesAt } = listsAt(bytes, at + HEAD_BYTES, end, counts);
  const [voters, learners] = lists as [NodeId[], NodeId[]];
  refuseOverlap(voters, learners, 'a voter and a learner', at);
  const addresses: ServerAddress[] = [];
  let next = addressesAt;
  for (let left = u16At(bytes, at + 4); left > 0; left -= 1) {
    requireBytes(end - next >= ADDRESS_HEAD_BYTES, end);
    const textEnd = next + ADDRESS_HEAD_BYTES + u16At(bytes, next + ID_BYTES);
    requireBytes(textEnd <= end, end);
    const id = ascendingId(bytes, next, addresses.at(-1)?.id ?? 0);
    const address = textAt(bytes, next + ADDRESS_HEAD_BYTES, textEnd);
    addresses.push({ id, address });
    next = textEnd;
  }
  return { next: voters.length === 0 ? undefined : { voters, learners }, addresses };
}

const firstLists = ({ voters, outgoing, learners, removed }: Configuration): Lists => [
  voters,
  outgoing,
  learners,
  removed,
];

const secondLists = ({ next }: Configuration): Lists => [next?.voters ?? [], next?.learners ?? []];

const hasSecondPart = ({ next, addresses }: Configuration): boolean =>
  next !== undefined || addresses.length > 0;

const idBytes = (lists: Lists): number =>
  lists.reduce((sum, list) => sum + ID_BYTES * list.length, 0);

/** The counts at `at`, the ids behind a whole head. */
function putLists(bytes: Uint8Array, at: number, lists: Lists): number {
  let next = at + HEAD_BYTES;
  for (const [position, ids] of lists.entries()) {
    if (ids.length > MOST_IDS) throw new RangeError(`a configuration of ${ids.length} servers`);
    putU16(bytes, at + 2 * position, ids.length);
    for (const id of ids) {
      putNumber(bytes, next, id);
      next += ID_BYTES;
    }
  }
  return next;
}

function listsAt(
  bytes: Uint8Array,
  at: number,
  end: number,
  counts: readonly number[],
): { readonly lists: NodeId[][]; readonly end: number } {
  const total = counts.reduce((sum, count) => sum + count, 0);
  requireBytes(end - at >= ID_BYTES * total, end);
  let next = at;
  const lists = counts.map((count) => {
    const ids: NodeId[] = [];
    for (let left = count; left > 0; left -= 1) {
      ids.push(ascendingId(bytes, next, ids.at(-1) ?? 0));
      next += ID_BYTES;
    }
    return ids;
  });
  return { lists, end: next };
}

function ascendingId(bytes: Uint8Array, at: number, previous: number): NodeId {
  const id = numberAt(bytes, at);
  if (id <= previous) throw new FrameError('server ids must ascend from 1', at);
  return id as NodeId;
}

function textAt(bytes: Uint8Array, at: number, end: number): string {
  try {
    return decoder.decode(bytes.subarray(at, end));
  } catch {
    throw new FrameError('an address is not UTF-8', at);
  }
}

function requireBytes(isThere: boolean, end: number): void {
  if (!isThere) throw new FrameError('a configuration is cut off', end);
}

function refuseOverlap(a: readonly NodeId[], b: readonly NodeId[], what: string, at: number): void {
  const both = a.find((id) => b.includes(id));
  if (both !== undefined) throw new FrameError(`server ${both} is ${what}`, at);
}
