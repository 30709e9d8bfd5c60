/**
 * Copies of the compiled core with one rule changed, to show that the walk finds out.
 *
 * Tests and `scripts/exhaustive.mjs` only; not exported.
 */

import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Raft, RaftConfig } from '@quorate/core';
import { APPEND_OVERTAKEN, FIGURE_8B, FIGURE_8C } from './starts.ts';
import { SMALL_WORLD, type World } from './world.ts';

export interface Mutant {
  readonly name: string;
  /** In the compiled core: every `from` of these, which must be there, becomes `to`. */
  readonly edits: readonly { readonly file: string; readonly from: string; readonly to: string }[];
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
    name: 'a leader commits entries of earlier terms by counting replicas (§5.4.2)',
    edits: [
      {
        file: 'leader/commit.js',
        from: 'if (log.termAt(candidate) !== node.currentTerm)',
        to: 'if (false)',
      },
      {
        file: 'leader/commit.js',
        from: 'invariant(candidate >= role.firstIndexOfTerm',
        to: 'invariant(true',
      },
    ],
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
    name: 'half of the votes are enough (§5.2)',
    edits: [
      {
        file: 'quorum/majority.js',
        from: 'Math.floor(voters.length / 2) + 1',
        to: 'Math.floor(voters.length / 2)',
      },
    ],
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
    name: 'a vote is given before it is durable (§5.2)',
    edits: [
      {
        file: 'election.js',
        from: 'node.outbox.sendAfterWrite(reply)',
        to: 'node.outbox.send(reply)',
      },
    ],
    world: SLOW,
    start: [],
    nearStart: [],
    property: 'voteIsDurable',
  },
  {
    name: 'entries are accepted before they are durable (§5.3)',
    edits: [
      {
        file: 'outbox.js',
        from: "this.sendAfterWrite({ kind: 'appendAccepted'",
        to: "this.send({ kind: 'appendAccepted'",
      },
    ],
    world: SLOW,
    start: [],
    nearStart: [],
    property: 'acceptanceIsDurable',
  },
  {
    name: 'candidates whose logs are behind get votes (§5.4.1)',
    edits: [
      {
        file: 'vote.js',
        from: 'if (isBehind(candidacy.lastEntry, voter.lastEntry))',
        to: 'if (false)',
      },
    ],
    world: PROMPT,
    start: [],
    nearStart: [],
    property: 'leaderCompleteness',
  },
  {
    name: 'a late append removes what came after it (Figure 2, AppendEntries 3)',
    edits: [
      {
        file: 'log/log.js',
        from: 'while (index <= end && index <= this.lastIndex && this.termAt(index) === batch.term)',
        to: 'while (false)',
      },
    ],
    world: PROMPT,
    start: [],
    nearStart: APPEND_OVERTAKEN,
    property: 'leaderCompleteness',
  },
];

export async function mutatedWorld(mutant: Mutant): Promise<World> {
  const makeCore = await mutatedCore(mutant);
  return { ...mutant.world, makeCore };
}

/** @throws {Error} if the core no longer has the text that the mutant changes. */
export async function mutatedCore({
  name,
  edits,
}: Pick<Mutant, 'name' | 'edits'>): Promise<(config: RaftConfig) => Raft> {
  const { resolve } = createRequire(import.meta.url);
  const directory = mkdtempSync(join(tmpdir(), 'quorate-mutant-'));
  try {
    const filter = (path: string) => !/\.test\.|\.d\.ts|\.map$/.test(path);
    cpSync(dirname(resolve('@quorate/core')), directory, { recursive: true, filter });
    writeFileSync(join(directory, 'package.json'), '{ "type": "module" }');
    for (const { file, from, to } of edits) {
      const path = join(directory, file);
      const text = readFileSync(path, 'utf8');
      if (!text.includes(from)) throw new Error(`${name}: ${file} has no "${from}"`);
      writeFileSync(path, text.replaceAll(from, to));
    }
    const core: { Raft: typeof Raft } = await import(`${pathToFileURL(directory)}/index.js`);
    return (config) => new core.Raft(config);
  } finally {
    rmSync(directory, { recursive: true });
  }
}
