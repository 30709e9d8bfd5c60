/**
 * What must hold (Figure 3, and what Figure 2 makes servers promise), told by what servers store, say
 * and count as committed.
 *
 * What was said stays in the network for ever, so two leaders of one term, or two votes, are seen also
 * when a crash or a later term lies between them.
 */

import type { Message } from '@quorate/core';
import type { Local } from './automaton.ts';
import { entryNames } from './commands.ts';
import type { Answer, Host } from './host.ts';

/** What one server may not do in one step, whatever the others do. */
export function brokenPromise(
  before: Local,
  after: Host,
  sent: readonly Message[],
): string | undefined {
  const { id, status, latest, durable } = after;
  if (status.term < before.status.term) return `termNeverFalls: server ${id}`;
  if (status.commitIndex < before.status.commitIndex) return `commitNeverFalls: server ${id}`;
  const isStillLeader =
    before.status.role === 'leader' &&
    status.role === 'leader' &&
    status.term === before.status.term;
  const log = entryNames(latest.batches);
  if (isStillLeader && before.log.some((name, at) => log[at] !== name)) {
    return `leaderAppendOnly: server ${id} made [${log}] of [${before.log}]`;
  }
  for (const message of sent) {
    const claim = claimOf(message);
    if (claim?.what === 'vote' && !isVoteDurable(after, claim)) {
      return `voteIsDurable: server ${id} gives a vote of term ${claim.term} that it could forget`;
    }
    const isLost =
      message.kind === 'appendAccepted' &&
      durable.hardState.term <= message.term &&
      durable.lastIndex < message.matchIndex;
    if (isLost) return `acceptanceIsDurable: server ${id} accepts more than its disk has`;
  }
  return undefined;
}

function isVoteDurable({ durable }: Host, { term, value }: Claim): boolean {
  const { hardState } = durable;
  return hardState.term > term || (hardState.term === term && hardState.votedFor === value);
}

/** Something that can be said in one way only: who leads a term, for whom somebody voted in it. */
export interface Claim {
  readonly what: 'leader' | 'vote';
  readonly term: number;
  /** Claims with the same key must have the same value. */
  readonly key: string;
  readonly value: number;
}

export function claimOf(message: Message): Claim | undefined {
  const { from, to, term } = message;
  switch (message.kind) {
    case 'appendEntries':
      return { what: 'leader', term, key: `term ${term} is led by`, value: from };
    case 'requestVote':
      return { what: 'vote', term, key: `server ${from} votes in term ${term} for`, value: from };
    case 'requestVoteReply':
      if (!message.isGranted) return undefined;
      return { what: 'vote', term, key: `server ${from} votes in term ${term} for`, value: to };
    default:
      return undefined;
  }
}

/** Election Safety (§5.2), and one vote in a term. */
export function contradiction(claim: Claim, against: Claim | undefined): string | undefined {
  if (claim.key !== against?.key || claim.value === against.value) return undefined;
  const property = claim.what === 'leader' ? 'electionSafety' : 'oneVotePerTerm';
  return `${property}: ${claim.key} ${claim.value} and ${against.value}`;
}

/** Log Matching (§5.3): logs that share an entry are the same up to it. */
export function mismatch(one: readonly string[], other: readonly string[]): string | undefined {
  const shared = Math.min(one.length, other.length);
  let isSame = true;
  for (let at = 0; at < shared; at++) {
    const isSameTerm = termOf(one[at]!) === termOf(other[at]!);
    if (one[at] !== other[at]) isSame = false;
    if (isSameTerm && !isSame) return `logMatching: [${one}] and [${other}] share entry ${at + 1}`;
  }
  return undefined;
}

const termOf = (name: string): number => Number.parseInt(name, 10);

/** An entry that some server has counted as committed, and the lowest term in which one did. */
export interface Committed {
  readonly name: string;
  readonly term: number;
}

/** What is committed once `local` has its say; a text if it contradicts (State Machine Safety, §5.4.3). */
export function committedWith(
  known: readonly Committed[],
  local: Local,
): readonly Committed[] | string {
  const { id, commitIndex, term } = local.status;
  for (let at = 0; at < Math.min(commitIndex, known.length); at++) {
    if (known[at]!.name === local.log[at]) continue;
    return `stateMachineSafety: server ${id} has ${local.log[at]} as committed entry ${at + 1}, others ${known[at]!.name}`;
  }
  if (commitIndex <= known.length) return known;
  const more = local.log.slice(known.length, commitIndex).map((name) => ({ name, term }));
  return [...known, ...more];
}

/**
 * A read sees all that was committed when it was asked (§8), told by the number of entries.
 *
 * @param asked By the question's number: how many were committed then.
 */
export function staleness(
  asked: readonly number[],
  answers: readonly Answer[],
): string | undefined {
  for (const { id, readIndex } of answers) {
    if (readIndex >= asked[id]!) continue;
    return `readIsFresh: read ${id} is served at ${readIndex}; ${asked[id]} were committed when it was asked`;
  }
  return undefined;
}

/** Leader Completeness (§5.4): a leader has what was committed in terms before its own. */
export function incompleteness(committed: readonly Committed[], local: Local): string | undefined {
  const { id, role, term } = local.status;
  if (role !== 'leader') return undefined;
  for (const [at, entry] of committed.entries()) {
    if (entry.term >= term || local.log[at] === entry.name) continue;
    return `leaderCompleteness: server ${id} leads term ${term} without entry ${at + 1}, ${entry.name}, committed in term ${entry.term}`;
  }
  return undefined;
}
