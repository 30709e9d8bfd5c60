/**
 * What a run really reached: each kind of action, of refusal, of mishap and of decision, counted by
 * name. What no run reaches is not tested, whatever the number of runs.
 */

import type {
  ChangeRefusal,
  Configuration,
  Message,
  ProposalRefusal,
  ReadAuthority,
  StepDownReason,
  TraceEvent,
  TransferAnswer,
  VoteVerdict,
} from '@quorate/core';
import type { SessionVerdict } from '@quorate/wire';
import type { Mishap } from '../cluster.ts';
import { ACTION_PHRASES, ECHOED } from '../scenario/action.ts';
import { TRACE_FACTS } from '../scenario/facts.ts';
import type { EndReason, Server, ServerObserver } from '../server.ts';
import type { TransferEvent } from '../snapshot-transfers.ts';
import { AFTERMATHS } from './draw-aftermath.ts';
import { FAULTS, REMEDIES } from './draw-faults.ts';
import { OPERATIONS } from './draw-operations.ts';

export class Coverage implements ServerObserver {
  readonly #counters = new Map<string, { count: number }>();

  get counts(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#counters].map(([what, { count }]) => [what, count]));
  }

  count(what: string): void {
    const counter = this.#counters.get(what);
    if (counter === undefined) this.#counters.set(what, { count: 1 });
    else counter.count += 1;
  }

  traced(_server: Server, event: TraceEvent): void {
    this.count(nameOf(event));
  }

  sent(_server: Server, { kind }: Message): void {
    this.count(SENT[kind]);
  }

  started(): void {}
  received(): void {}
  wrote(): void {}
  applied(): void {}
  turned(): void {}
}

/** An event's kind and, where it says by which rule, that rule. */
function nameOf(event: TraceEvent): string {
  switch (event.kind) {
    case 'becameFollower':
      return `becameFollower: ${event.reason}`;
    case 'voted':
      return `${event.isPreVote ? 'preVoted' : 'voted'}: ${event.verdict}`;
    case 'configurationAppended':
      return `configurationAppended: ${stageOf(event.configuration)}`;
    case 'readConfirmed':
      return `readConfirmed: ${event.by}`;
    default:
      return event.kind;
  }
}

/** What part of a change a configuration is. */
function stageOf({ outgoing, next }: Configuration): ChangeStage {
  if (outgoing.length > 0) return 'joint';
  return next === undefined ? 'settled' : 'catching-up';
}

type ChangeStage = 'catching-up' | 'joint' | 'settled';
const CHANGE_STAGES: Readonly<Record<ChangeStage, true>> = {
  'catching-up': true,
  joint: true,
  settled: true,
};

/** Events with a list of their own, and what only a disk that lies brings about. */
const SPECIAL: readonly string[] = [
  ...(['becameFollower', 'voted', 'configurationAppended', 'readConfirmed'] as const),
  'followerLostEntries',
] satisfies readonly TraceEvent['kind'][];

const STEP_DOWNS: Readonly<Record<StepDownReason, true>> = {
  started: true,
  'higher-term': true,
  'leader-of-this-term': true,
  'lost-pre-vote': true,
  'lost-election': true,
  'lost-quorum': true,
  'not-a-voter': true,
  voted: true,
  removed: true,
};

const AUTHORITIES: Readonly<Record<ReadAuthority, true>> = { round: true, lease: true };

const VERDICTS: Readonly<Record<VoteVerdict, true>> = {
  granted: true,
  'stale-term': true,
  'leader-is-alive': true,
  'voted-for-another': true,
  'log-is-behind': true,
};

const CHANGE_REFUSALS: Readonly<Record<ChangeRefusal, true>> = {
  'not-leader': true,
  'no-commit-in-this-term': true,
  'change-under-way': true,
  'nothing-to-change': true,
  'no-voters': true,
  'voter-and-learner': true,
  'id-was-removed': true,
  'would-lose-quorum': true,
  transferring: true,
};

const PROPOSAL_REFUSALS: Readonly<Record<ProposalRefusal, true>> = {
  'not-leader': true,
  'too-much-uncommitted': true,
  transferring: true,
};

type Refused = Extract<TransferAnswer, { kind: 'refused' }>['reason'];
/** Here the target is always named. */
type TransferRefusal = Exclude<Refused, 'nobody-follows'>;
const TRANSFER_REFUSALS: Readonly<Record<TransferRefusal, true>> = {
  'not-leader': true,
  'not-a-voter': true,
  'leads-already': true,
};

/** Named once: there are many of them. */
const SENT: Readonly<Record<Message['kind'], string>> = {
  requestPreVote: 'sent requestPreVote',
  preVoteReply: 'sent preVoteReply',
  requestVote: 'sent requestVote',
  requestVoteReply: 'sent requestVoteReply',
  appendEntries: 'sent appendEntries',
  appendAccepted: 'sent appendAccepted',
  appendRejected: 'sent appendRejected',
  installSnapshot: 'sent installSnapshot',
  requestReadIndex: 'sent requestReadIndex',
  readIndexReply: 'sent readIndexReply',
  forwardProposal: 'sent forwardProposal',
  forwardReply: 'sent forwardReply',
  timeoutNow: 'sent timeoutNow',
  rest: 'sent rest',
  restAccepted: 'sent restAccepted',
  wakeUp: 'sent wakeUp',
};

const ENDS: Readonly<Record<EndReason, true>> = { write: true, sync: true, read: true };

const TRANSFERS: Readonly<Record<TransferEvent, true>> = {
  begun: true,
  resumed: true,
  'resumed-for-another': true,
  broken: true,
  overtaken: true,
  refused: true,
  stored: true,
};

const MISHAPS: Readonly<Record<Exclude<Mishap['kind'], 'ended'>, true>> = {
  refusedToStart: true,
  lostWrites: true,
  tornWrite: true,
  wokenBySilence: true,
};

/** Here a command is applied before the next entry is looked at. */
const SESSION_VERDICTS: Readonly<Record<Exclude<SessionVerdict['kind'], 'applying'>, true>> = {
  apply: true,
  applied: true,
  forgotten: true,
  opened: true,
  expired: true,
  done: true,
};

const SESSIONS = [
  ...['session answered', 'session answered a retry', 'session answered from a restored table'],
  ...['sessions ended by time', 'session made room', 'sessions restored'],
];

const ANSWERS = [
  ...['read ready', 'read dropped', 'forwarded: appended', 'forwarded: refused'],
  ...['proposal overwritten', 'history linearizable'],
  ...['woken by a proposal', 'woken by a forwarded proposal'],
];

/** For the drawing only: what is not reached there is not drawn. */
const DRAWN = [FAULTS, REMEDIES, OPERATIONS, AFTERMATHS].flatMap((table) => Object.keys(table));

/**
 * Every name that a set of runs must reach. The compiler refuses a list that lacks a kind of event, a
 * verdict or a reason of the core: a new rule is either reached or a failure.
 */
function expected(): readonly string[] {
  const named = (prefix: string, names: object) =>
    Object.keys(names).map((name) => `${prefix}${name}`);
  return [
    ...Object.keys(TRACE_FACTS).filter((kind) => !SPECIAL.includes(kind)),
    ...named('becameFollower: ', STEP_DOWNS),
    ...named('configurationAppended: ', CHANGE_STAGES),
    ...named('readConfirmed: ', AUTHORITIES),
    ...named('voted: ', VERDICTS),
    ...named('preVoted: ', VERDICTS),
    ...named('membership refused: ', CHANGE_REFUSALS),
    ...named('propose refused: ', PROPOSAL_REFUSALS),
    ...named('transfer refused: ', TRANSFER_REFUSALS),
    ...Object.values(SENT),
    ...ECHOED.map((kind) => `echoed ${kind}`),
    ...named('ended: ', ENDS),
    ...Object.keys(MISHAPS),
    ...named('snapshot transfer ', TRANSFERS),
    ...named('session entry: ', SESSION_VERDICTS),
    ...SESSIONS,
    ...ANSWERS,
    ...DRAWN.map((name) => `drew ${name}`),
    ...named('action ', ACTION_PHRASES),
  ];
}

/** The names that these runs had to reach and did not. */
export const unreachedIn = (reached: Readonly<Record<string, number>>): readonly string[] =>
  expected().filter((name) => !Object.hasOwn(reached, name));
