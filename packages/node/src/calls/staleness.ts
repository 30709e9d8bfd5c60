/**
 * What a server can prove about the age of its state, without asking anybody now.
 *
 * The only proof is an answer to a question of its own, "how far must I have applied to read?"
 * (dissertation §6.4). It names an index at or above everything that was committed when the question
 * was *sent*; once that is applied, the state shows all of it. Both moments are on this server's
 * clocks, so neither a late message nor another server's clock can spoil the proof.
 *
 * An AppendEntries proves nothing of the kind. It may have been under way for long, and its sender may
 * have been deposed before it sent it: what others have committed since is not in it
 * (docs/adr/0011-bounded-staleness.md).
 */

import type { Milliseconds } from '@quorate/core';
import { RaftError } from '../errors.ts';

/** On two clocks: the monotonic one may stand still while the machine sleeps, the other may jump. */
export interface Moment {
  readonly monotonic: Milliseconds;
  readonly wall: Milliseconds;
}

/** The longer of what the two clocks say: after a sleep or a jump at worst too much. */
export function between(from: Moment, to: Moment): Milliseconds {
  return Math.max(to.monotonic - from.monotonic, to.wall - from.wall);
}

export function tooOld(age: Milliseconds, maxStalenessMs: Milliseconds): RaftError {
  const known = Number.isFinite(age)
    ? `its state is surely no older than ${Math.ceil(age)} ms`
    : 'nothing is known of the age of its state';
  const remedy = "retry soon (the question is on its way), elsewhere, or without ifOlder: 'fail'";
  const problem = `${known}, and at most ${maxStalenessMs} ms are accepted`;
  return new RaftError('RAFT_TOO_OLD', `${problem}; ${remedy}`);
}
