/**
 * Copies of the compiled core with one rule changed, to show that the walk finds out.
 *
 * Tests and `npm run exhaustive` only; not exported.
 */

import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Raft, RaftConfig } from '@quorate/core';
import {
  ACCEPTED_BEFORE_DURABLE,
  applyEdit,
  BEHIND_ELECTED,
  type CoreBug,
  EARLIER_TERMS_COUNTED,
  HALF_ELECTS,
  LATE_APPEND_CUTS,
  VOTE_BEFORE_DURABLE,
} from '../core-bugs.test.support.ts';
import { APPEND_OVERTAKEN, COMMITTED, FIGURE_8B, FIGURE_8C } from './starts.ts';
import { SMALL_WORLD, type World } from './world.ts';

export interface Mutant extends CoreBug {
  /** Where it is looked for. */
  readonly world: Omit<World, 'makeCore'>;
  readonly start: readonly string[];
  /** On the way from there: a test finds it from here in moments. */
  readonly nearStart: readonly string[];
  /** What its violation must be. */
  readonly property: string;
}

const SLOW = SMALL_WORLD;
const PROMPT = { ...SMALL_WORLD, disk: 'prompt' } as const;

export const MUTANTS: readonly Mutant[] = [
  {
    ...EARLIER_TERMS_COUNTED,
    world: { ...PROMPT, noopOnElection: false, commands: 2, crashes: 0, maxTerm: 4 },
    start: FIGURE_8B,
    nearStart: FIGURE_8C,
    property: 'leaderCompleteness',
  },
  {
    name: 'a crash forgets the vote (Figure 2, votedFor)',
    edits: [],
    world: { ...SLOW, forgetsVotes: true },
    start: [],
    nearStart: [],
    property: 'oneVotePerTerm',
  },
  {
    ...HALF_ELECTS,
    world: SLOW,
    start: [],
    nearStart: [],
    property: 'electionSafety',
  },
  {
    name: 'half of the logs are enough to commit (§5.3)',
    edits: [
      {
        file: 'quorum/majority.js',
        from: '2 * reachedBy > voters.length',
        to: 'reachedBy >= Math.floor(voters.length / 2)',
      },
    ],
    world: SLOW,
    start: [],
    nearStart: [],
    property: 'leaderCompleteness',
  },
  {
    ...VOTE_BEFORE_DURABLE,
    world: SLOW,
    start: [],
    nearStart: [],
    property: 'voteIsDurable',
  },
  {
    ...ACCEPTED_BEFORE_DURABLE,
    world: SLOW,
    start: [],
    nearStart: [],
    property: 'acceptanceIsDurable',
  },
  {
    ...BEHIND_ELECTED,
    world: PROMPT,
    start: [],
    nearStart: [],
    property: 'leaderCompleteness',
  },
  {
    ...LATE_APPEND_CUTS,
    world: PROMPT,
    start: [],
    nearStart: APPEND_OVERTAKEN,
    property: 'leaderCompleteness',
  },
  {
    name: 'a read is served by answers to an older question (§8)',
    edits: [
      {
        file: 'leader/replicate.js',
        from: 'heard(node, progress, message.round);\n    // Answers overtake',
        to: 'heard(node, progress, node.role.reads.round);\n    // Answers overtake',
      },
    ],
    world: { ...PROMPT, commands: 0, crashes: 0, reads: 1 },
    start: COMMITTED,
    nearStart: COMMITTED,
    property: 'readIsFresh',
  },
  {
    name: 'the new majority alone commits during a change (§6)',
    edits: [
      {
        file: 'quorum/joint.js',
        from: 'reachedByMajority(configuration.outgoing, valueAt)',
        to: 'reachedByMajority(configuration.voters, valueAt)',
      },
    ],
    world: { ...PROMPT, commands: 0, crashes: 0, changes: 1 },
    start: COMMITTED,
    nearStart: COMMITTED,
    property: 'leaderCompleteness',
  },
];

export async function mutatedWorld(mutant: Mutant): Promise<World> {
  const makeCore = await mutatedCore(mutant);
  return { ...mutant.world, makeCore };
}

/** @throws {Error} if the core no longer has the text that the mutant changes. */
export async function mutatedCore({ edits }: CoreBug): Promise<(config: RaftConfig) => Raft> {
  const { resolve } = createRequire(import.meta.url);
  const directory = mkdtempSync(join(tmpdir(), 'quorate-mutant-'));
  try {
    const filter = (path: string) => !/\.test\.|\.d\.ts|\.map$/.test(path);
    cpSync(dirname(resolve('@quorate/core')), directory, { recursive: true, filter });
    writeFileSync(join(directory, 'package.json'), '{ "type": "module" }');
    for (const edit of edits) applyEdit(directory, edit);
    const core: { Raft: typeof Raft } = await import(`${pathToFileURL(directory)}/index.js`);
    return (config) => new core.Raft(config);
  } finally {
    rmSync(directory, { recursive: true });
  }
}
