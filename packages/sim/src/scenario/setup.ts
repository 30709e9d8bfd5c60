/** What a scenario begins with: the lines that start with "given". */

import {
  type Batch,
  commandBatch,
  configurationOf,
  DEFAULT_RAFT_OPTIONS,
  INDEX_ZERO,
  type LogIndex,
  type NodeId,
  type RaftOptions,
  type Term,
} from '@quorate/core';
import { CommandSlab } from '@quorate/wire';
import type { ChaosPlan } from '../chaos/plan.ts';
import { encodeText } from '../chaos/text.ts';
import { StoredLog } from '../stored-log.ts';
import { count, server, settings, terms } from './fields.ts';
import { type PhraseTable, printSentence, type Sentence, type SentenceOf } from './phrase.ts';

export interface Setup {
  /** Servers 1 to `size`, all voters. */
  readonly size: number;
  readonly options: RaftOptions;
  readonly world: Partial<World>;
  /** The terms of the entries that a server's log begins with; empty where none is named. */
  readonly logs: Readonly<Record<NodeId, readonly number[]>>;
  /** The term that a server has stored; the last of its log where none is named. */
  readonly terms: Readonly<Record<NodeId, number>>;
}

/** What is around the servers, as in a random run. */
export type World = Pick<
  ChaosPlan,
  | 'seed'
  | 'diceSeed'
  | 'snapshotEvery'
  | 'keepEntries'
  | 'snapshotChunkBytes'
  | 'tellsLoss'
  | 'maxApplyMs'
>;

/** What a scenario need not say: no snapshots, and what is committed is applied at once. */
export const USUAL_WORLD: World = {
  seed: 1,
  diceSeed: 1,
  snapshotEvery: Infinity,
  keepEntries: 0,
  snapshotChunkBytes: Infinity,
  tellsLoss: false,
  maxApplyMs: 0,
};

const GIVEN = {
  servers: { pattern: 'given $count servers', fields: { count } },
  options: {
    pattern: 'given options $options',
    fields: { options: settings(DEFAULT_RAFT_OPTIONS) },
  },
  world: { pattern: 'given world $world', fields: { world: settings(USUAL_WORLD) } },
  log: { pattern: 'given $server has log $terms', fields: { server, terms } },
  term: { pattern: 'given $server has term $term', fields: { server, term: count } },
} as const;

export const GIVEN_PHRASES: PhraseTable = GIVEN;

export type Given = SentenceOf<typeof GIVEN>;

/** @throws {RangeError} if the lines do not go together. */
export function setupOf(lines: readonly Given[]): Setup {
  const logs: Record<NodeId, readonly number[]> = {};
  const startTerms: Record<NodeId, number> = {};
  let options: RaftOptions = {};
  let world: Partial<World> = {};
  let size = 0;
  for (const line of lines) {
    switch (line.kind) {
      case 'servers':
        size = line.count;
        break;
      case 'options':
        options = { ...options, ...line.options };
        break;
      case 'world':
        world = { ...world, ...line.world };
        break;
      case 'log':
        logs[line.server] = line.terms;
        break;
      case 'term':
        startTerms[line.server] = line.term;
        break;
    }
  }
  if (size === 0)
    throw new RangeError('nothing says how many servers there are: "given 3 servers"');
  for (const id of [...Object.keys(logs), ...Object.keys(startTerms)]) {
    if (Number(id) > size) throw new RangeError(`server ${id} is none of the ${size} servers`);
  }
  return { size, options, world, logs, terms: startTerms };
}

export const planOf = ({ size, options, world }: Setup): ChaosPlan => ({
  ...USUAL_WORLD,
  ...world,
  size,
  options,
  faultsMs: 0,
});

/** What the disks hold at the beginning. */
export function storedLogsOf({ size, logs, terms: startTerms }: Setup): Map<NodeId, StoredLog> {
  const ids = Array.from({ length: size }, (_, at) => (at + 1) as NodeId);
  return new Map(
    ids.map((id) => {
      const log = logs[id] ?? [];
      const stored = new StoredLog(configurationOf(ids));
      const term = (startTerms[id] ?? log.at(-1) ?? 0) as Term;
      stored.hardState = { term, votedFor: undefined, commitIndex: INDEX_ZERO };
      stored.batches = log.map((entryTerm, at) => entryOf(entryTerm, at + 1));
      return [id, stored];
    }),
  );
}

/** Entries of one term and index are the same entry, and all others are told apart. */
export function entryOf(term: number, index: number): Batch {
  const command = encodeText(`put:entry${index}:${index}@${term}`);
  return commandBatch(term as Term, index as LogIndex, CommandSlab.of(command));
}

export function printSetup(setup: Setup): string[] {
  const { size, options, world, logs, terms: startTerms } = setup;
  const ids = Array.from({ length: size }, (_, at) => (at + 1) as NodeId);
  const lines: Given[] = [
    { kind: 'servers', count: size },
    ...when(options, { kind: 'options', options }),
    ...when(world, { kind: 'world', world }),
    ...ids.flatMap((server) => {
      const log = logs[server];
      const term = startTerms[server];
      return [
        ...(log === undefined ? [] : [{ kind: 'log', server, terms: log } as const]),
        ...(term === undefined ? [] : [{ kind: 'term', server, term } as const]),
      ];
    }),
  ];
  return lines.map((line) => printSentence(GIVEN, line as Sentence));
}

const when = (named: object, line: Given): Given[] =>
  Object.keys(named).length === 0 ? [] : [line];
