/** Cores with a bug each, that the trace alone must betray. Tests only. */

import {
  ACCEPTED_BEFORE_DURABLE,
  BEHIND_ELECTED,
  type CoreBug,
  EARLIER_TERMS_COUNTED,
  type Edit,
  HALF_ELECTS,
  LATE_APPEND_CUTS,
  VOTE_BEFORE_DURABLE,
} from '../core-bugs.test.support.ts';
import { mutatedRun } from './mutated-sim.test.support.ts';
import type { runForTla } from './run.ts';

export interface TraceBug extends CoreBug {
  /** Where the search begins: 1, if it does not take long from there. */
  readonly seed: number;
}

/** Seeds within which each is found. */
export const BUG_SEEDS = 40;

/** Of the simulator: the properties of Figure 3 would often find it first. */
const UNWATCHED: Edit = {
  file: 'cluster.js',
  from: '[this.properties, ...config.observers]',
  to: 'config.observers',
};

const BUGS: readonly (CoreBug & { readonly seed?: number })[] = [
  EARLIER_TERMS_COUNTED,
  {
    name: 'a server votes twice in a term (§5.2)',
    edits: [
      { file: 'vote.js', from: 'if (hasVotedThisTerm && ', to: 'if (false && ' },
      { file: 'state.js', from: 'invariant(this.#votedFor === undefined', to: 'invariant(true' },
    ],
  },
  {
    name: 'a vote is not stored (Figure 2, votedFor)',
    edits: [
      {
        file: 'raft.js',
        from: 'hardState: node.hardState',
        to: 'hardState: { ...node.hardState, votedFor: undefined }',
      },
    ],
  },
  { ...VOTE_BEFORE_DURABLE, seed: 25 },
  ACCEPTED_BEFORE_DURABLE,
  BEHIND_ELECTED,
  LATE_APPEND_CUTS,
  HALF_ELECTS,
  {
    name: 'an old append is answered like a new one',
    edits: [
      { file: 'follower.js', from: 'if (prevLogIndex < node.commitIndex)', to: 'if (false)' },
    ],
  },
];

export const TRACE_BUGS: readonly TraceBug[] = BUGS.map((bug) => ({ seed: 1, ...bug }));

/** Makes runs of that core. */
export const runWithBug = ({ edits }: TraceBug): Promise<typeof runForTla> =>
  mutatedRun({ sim: [UNWATCHED], core: edits });
