/**
 * Rounds (`AppendEntries.round`) without their numbers.
 *
 * A follower only repeats a round. A leader compares it with a few marks (`RoundMarks`), and every mark it
 * sets later is above all that was said before. So a message of a small world carries, in place of
 * its round, its age: how many of the leader's marks it came before. What a leader says has age 0,
 * and ages when the leader's marks move; by then the number that the round had does not matter.
 */

import {
  type AppendAccepted,
  type AppendEntries,
  type AppendRejected,
  INDEX_ZERO,
  type Message,
  type RoundMarks,
  type Term,
} from '@quorate/core';
import type { World } from './world.ts';

/** A leader's marks, by the follower's position; none at the leader's own. Empty: it does not lead. */
export type Marks = readonly (RoundMarks | undefined)[];

/** How what was said under a leader grows older in one step of that leader. */
export interface Aging {
  /** Position of the leader. */
  readonly leader: number;
  readonly term: Term;
  /** The new age, by the follower's position and the old age. None: it has left, and nothing ages. */
  readonly ages: readonly (readonly number[])[];
}

/** From the newest to the oldest, each once. */
function boundsOf({ fromRound, askedRound }: RoundMarks): readonly number[] {
  if (askedRound === undefined || askedRound === fromRound) return [fromRound];
  return askedRound > fromRound ? [askedRound, fromRound] : [fromRound, askedRound];
}

/** Whoever does not lead heeds no rounds: one age is enough. */
export const ageOf = (round: number, marks: RoundMarks | undefined): number =>
  marks === undefined ? 0 : boundsOf(marks).filter((bound) => round < bound).length;

/** One of the rounds that have this age; the leader cannot tell them apart. */
export function roundOf(age: number, marks: RoundMarks): number {
  if (age === 0) return marks.newest;
  const bound = boundsOf(marks)[age - 1];
  if (bound === undefined) throw new Error(`no round is ${age} marks old`);
  return bound - 1;
}

/** A refusal of this age is late, now and for as long as the leader leads, and answers no read. */
export function isLate(age: number, marks: RoundMarks): boolean {
  const { fromRound, askedRound } = marks;
  const round = roundOf(age, marks);
  return round < fromRound && (askedRound === undefined || round < askedRound);
}

/** Undefined: nothing grows older. `after` is empty once the leader leads that term no more. */
export function agingOf(
  leader: number,
  term: Term,
  before: Marks,
  after: Marks,
): Aging | undefined {
  let hasAged = false;
  const ages = before.map((marks, follower) => {
    if (marks === undefined) return [];
    const rounds = [marks.newest, ...boundsOf(marks).map((bound) => bound - 1)];
    const aged = rounds.map((round) => ageOf(round, after[follower]));
    hasAged ||= aged.some((age, was) => age !== was);
    return aged;
  });
  return hasAged ? { leader, term, ages } : undefined;
}

export type Aged = AppendEntries | AppendAccepted | AppendRejected;

/**
 * The message, if it has an age. The round of an acceptance is of use to reads alone; the refusal of a
 * term that is over repeats no round (term-gate.ts). What has no age says 0.
 */
export function agedOf(message: Message, { reads }: World): Aged | undefined {
  switch (message.kind) {
    case 'appendEntries':
      return message;
    case 'appendAccepted':
      return reads > 0 ? message : undefined;
    case 'appendRejected':
      return message.prevLogIndex === INDEX_ZERO ? undefined : message;
    default:
      return undefined;
  }
}

/** Whose rounds a message tells of, and to whom; by position. */
export interface Link {
  readonly leader: number;
  readonly follower: number;
}

export const linkOf = ({ kind, from, to }: Aged): Link =>
  kind === 'appendEntries'
    ? { leader: from - 1, follower: to - 1 }
    : { leader: to - 1, follower: from - 1 };
