/**
 * All mutants: bugs of one line, each of which a named test must find.
 *
 *     id        its name, for `--only` and docs/hazards.md
 *     hazards   which entries of docs/hazards.md it stands for; none: `wrong` cites the paper
 *     wrong     what is wrong then
 *     file      below packages/
 *     before    what stands there, exactly once
 *     after     what the mutant has instead
 *     test      [file below packages/, name] of the test that finds it, or the number of seeds within which
 *               `npm run sim` does
 *     dies      how the test fails, unless by an assertion, an invariant or a property: an error code,
 *               or 'hang' when it does not end within `HANG_MS` of trial.mjs
 */

import { elections } from './elections.mjs';
import { hosts } from './hosts.mjs';
import { membership } from './membership.mjs';
import { reads } from './reads.mjs';
import { replication } from './replication.mjs';
import { rest } from './rest.mjs';
import { runtime } from './runtime.mjs';
import { sessions } from './sessions.mjs';
import { simulated } from './simulated.mjs';
import { snapshots } from './snapshots.mjs';
import { storage } from './storage.mjs';
import { wire } from './wire.mjs';

const below = (path) => `packages/${path}`;

export const MUTANTS = [
  elections,
  replication,
  membership,
  reads,
  snapshots,
  rest,
  storage,
  runtime,
  sessions,
  hosts,
  wire,
  simulated,
]
  .flat()
  .map(({ file, test, ...row }) => ({ ...row, file: below(file), test: testOf(test) }));

function testOf(test) {
  if (Array.isArray(test)) return { path: below(test[0]), name: test[1] };
  return { path: 'scripts/sim.mjs', name: `seeds 1 to ${test}`, seeds: test };
}

/** One of each group or so: what `npm test` puts to the test. */
export const SAMPLE = [
  'vote-by-length',
  'commit-old-term',
  'aba',
  'joint-commit-one-side',
  'lease-from-answer',
  'snapshot-keeps-conflict',
  'promise-by-oldest-write',
  'session-applies-again',
];
