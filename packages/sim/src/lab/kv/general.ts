/** The general test of 4A and 4B: clients at work three times five seconds, and what is done to them. */

import { below, chance } from '../../dice.ts';
import { expectLinearizable } from '../../linearizable.ts';
import type { Task } from '../../time.ts';
import { expect } from '../failure.ts';
import { SOLID_STATE } from '../lab.ts';
import { type LabPart, type LabTest, measure } from '../test-case.ts';
import { type Client, KeyValueLab, type KeyValueSetup } from './key-value-lab.ts';

export type KeyValueTestSetup = Partial<KeyValueSetup> & { readonly peers: number };

/** A test of 4A or 4B. A call over a cut link fails soon here. */
export function keyValueTest(
  name: string,
  setup: KeyValueTestSetup,
  body: (lab: KeyValueLab) => Promise<void>,
): LabTest {
  const defaults = {
    isUnreliable: false,
    hasLongDelays: false,
    writeDuration: SOLID_STATE,
    stateLimit: undefined,
  };
  return {
    name,
    part: name.slice(-2) as LabPart,
    peers: setup.peers,
    run: (time, seed) => measure(new KeyValueLab(time, seed, { ...defaults, ...setup }), body),
  };
}

export interface GeneralOptions {
  readonly clients: number;
  readonly hasPartitions: boolean;
  readonly hasRestarts: boolean;
  /** All clients use all keys: only linearizability can judge what they see. */
  readonly hasRandomKeys: boolean;
}

const ROUNDS = 3;
const ROUND_MS = 5000;
const ELECTION_REST_MS = 1000;

export function generalTest(
  name: string,
  setup: KeyValueTestSetup,
  options: Partial<GeneralOptions> & { readonly clients: number },
): LabTest {
  const complete = { hasPartitions: false, hasRestarts: false, hasRandomKeys: false, ...options };
  return keyValueTest(name, setup, async (lab) => {
    const clients = Array.from({ length: options.clients }, () => lab.client());
    const judge = lab.client();
    for (let round = 0; round < ROUNDS; round++) await oneRound(lab, complete, clients, judge);
    expectLinearizable(lab.history);
  });
}

async function oneRound(
  lab: KeyValueLab,
  options: GeneralOptions,
  clients: readonly Client[],
  judge: Client,
): Promise<void> {
  let isOver = false;
  const work = clients.map((client) =>
    lab.time.spawn(() => workUntil(lab, options, client, () => isOver)),
  );
  let partitions: Task<void> | undefined;
  if (options.hasPartitions) {
    await lab.sleep(ELECTION_REST_MS);
    partitions = lab.time.spawn(() => partitionUntil(lab, () => isOver));
  }
  await lab.sleep(ROUND_MS);
  isOver = true;
  if (partitions !== undefined) {
    await partitions.join();
    lab.cluster.heal();
    await lab.sleep(ELECTION_REST_MS);
  }
  if (options.hasRestarts) {
    for (const id of lab.ids) lab.crash(id);
    await lab.sleep(ELECTION_REST_MS);
    lab.restartAll();
  }
  for (const [position, task] of work.entries()) {
    const appended = await task.join();
    if (options.hasRandomKeys) continue;
    const client = clients[position]!;
    expectAppends(client.id, await judge.get(keyOf(client.id)), appended);
  }
  expectBoundedState(lab);
}

const keyOf = (client: number): string => String(client);
const wordOf = (client: number, count: number): string => `x ${client} ${count} y`;

/** Half the operations are appends. Answers how many there were. */
async function workUntil(
  lab: KeyValueLab,
  { hasRandomKeys, clients }: GeneralOptions,
  client: Client,
  isOver: () => boolean,
): Promise<number> {
  let count = 0;
  let expected = '';
  if (!hasRandomKeys) await client.put(keyOf(client.id), '');
  while (!isOver()) {
    const key = hasRandomKeys ? keyOf(1 + below(lab.random, clients)) : keyOf(client.id);
    const word = wordOf(client.id, count);
    if (chance(lab.random, 0.5)) {
      await client.append(key, word);
      expected += word;
      count++;
    } else if (hasRandomKeys && chance(lab.random, 0.1)) {
      await client.put(key, word);
      count++;
    } else {
      const value = await client.get(key);
      expect(hasRandomKeys || value === expected, `client ${client.id} read what it did not write`);
    }
  }
  return count;
}

async function partitionUntil(lab: KeyValueLab, isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    lab.cluster.partition(...lab.twoGroups());
    await lab.sleep(1000 + below(lab.random, 200));
  }
}

/** Every append of the client is there once, and in order. */
export function expectAppends(client: number, value: string, count: number): void {
  let expected = '';
  for (let at = 0; at < count; at++) expected += wordOf(client, at);
  expect(value === expected, `client ${client} appended ${count} words, and not these are there`);
}

/** With a limit the saved state stays below eight times it; without one there is no snapshot. */
export function expectBoundedState(lab: KeyValueLab): void {
  const { stateLimit } = lab.setup;
  if (stateLimit === undefined) {
    expect(lab.largestSnapshot() === 0, 'a snapshot was taken without a limit');
  } else {
    const size = lab.largestState();
    expect(size <= 8 * stateLimit, `saved state of ${size} bytes, the limit is ${8 * stateLimit}`);
  }
}
