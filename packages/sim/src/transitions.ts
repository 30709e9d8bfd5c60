/** What one server may become next (Figure 4), and what its own numbers owe each other (Figure 2). */

import type { NodeId, RaftStatus, Term, TraceEvent } from '@quorate/core';
import { PropertyViolation } from './violation.ts';

type RoleKind = RaftStatus['role'];

interface Standing {
  readonly role: RoleKind;
  readonly term: Term;
}

/** From which roles each is entered. A transfer makes a candidate of a follower, and so does pre-vote when off. */
const ENTERED_FROM: Readonly<Record<RoleKind, readonly RoleKind[]>> = {
  follower: ['follower', 'preCandidate', 'candidate', 'leader'],
  preCandidate: ['follower', 'preCandidate', 'candidate'],
  candidate: ['follower', 'preCandidate', 'candidate'],
  leader: ['candidate'],
};

export class Transitions {
  readonly #standings = new Map<NodeId, Standing>();

  traced(id: NodeId, event: TraceEvent): void {
    const { kind, term } = event;
    const role = ROLE_OF[kind];
    if (role === undefined) return;
    const before = this.#standings.get(id);
    this.#standings.set(id, { role, term });
    // What a crash took was promised to nobody.
    const isStart = kind === 'becameFollower' && event.reason === 'started';
    if (isStart || before === undefined) return;
    // A candidate has begun a new term, and whoever leads was a candidate in that.
    const leastTerm = role === 'candidate' ? before.term + 1 : before.term;
    const isRightTerm = role === 'leader' ? term === before.term : term >= leastTerm;
    if (ENTERED_FROM[role].includes(before.role) && isRightTerm) return;
    throw new PropertyViolation(
      'rolesFollow',
      `server ${id} goes from ${before.role} of term ${before.term} to ${role} of term ${term}`,
    );
  }
}

const ROLE_OF: Readonly<Partial<Record<TraceEvent['kind'], RoleKind>>> = {
  becameFollower: 'follower',
  becamePreCandidate: 'preCandidate',
  becameCandidate: 'candidate',
  becameLeader: 'leader',
};

/** applied ≤ committed ≤ last, and what is durable or replaced by a snapshot lies within too. */
export function expectOrderly(id: NodeId, status: RaftStatus): void {
  const { appliedIndex, commitIndex, durableIndex, lastIndex, snapshotIndex, firstIndex } = status;
  const isOrderly =
    appliedIndex <= commitIndex &&
    commitIndex <= lastIndex &&
    durableIndex <= lastIndex &&
    snapshotIndex <= commitIndex &&
    firstIndex <= snapshotIndex + 1;
  if (isOrderly) return;
  throw new PropertyViolation('indexesAreOrdered', `server ${id}: ${JSON.stringify(status)}`);
}
