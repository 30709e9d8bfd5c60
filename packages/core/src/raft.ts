import type { Effects } from './effects.ts';
import type { Payload } from './entry.ts';
import type { Input, Proposed } from './inputs.ts';
import type { LogReader } from './log/log-reader.ts';
import type { RaftOptions } from './options.ts';
import type { Random } from './random.ts';
import type { StoredState } from './stored.ts';
import type { TraceSink } from './trace.ts';
import type { LogIndex, Milliseconds, NodeId, Term } from './types.ts';

export interface RaftConfig {
  readonly id: NodeId;
  readonly stored: StoredState;
  /** Where the state machine stands already: entries up to here are not handed out again. */
  readonly appliedIndex: LogIndex;
  readonly now: Milliseconds;
  readonly random: Random;
  readonly reader: LogReader;
  readonly options?: RaftOptions;
  readonly trace?: TraceSink;
}

/** What a server shows of itself. A snapshot of numbers; changes nothing. */
export interface RaftStatus {
  readonly id: NodeId;
  readonly role: 'follower' | 'preCandidate' | 'candidate' | 'leader';
  readonly term: Term;
  readonly votedFor: NodeId | undefined;
  readonly leaderId: NodeId | undefined;
  readonly commitIndex: LogIndex;
  readonly appliedIndex: LogIndex;
  readonly lastIndex: LogIndex;
  readonly durableIndex: LogIndex;
  readonly firstIndex: LogIndex;
  readonly snapshotIndex: LogIndex;
}

/** One server of a Raft cluster, without a clock, a disk or a network. */
export declare class Raft {
  constructor(config: RaftConfig);
  /** Takes one input. `now` must never go back. */
  step(input: Input, now: Milliseconds): void;
  /** The `propose` of Figure 2's leader: appends to its own log, or says why not. */
  propose(payload: Payload, now: Milliseconds): Proposed;
  /** What must be done now; undefined when nothing must. Call it until it answers undefined. */
  takeEffects(now: Milliseconds): Effects | undefined;
  /** When `timePassed` is due, on the clock of `now`. */
  readonly nextDeadline: Milliseconds;
  readonly isLeader: boolean;
  readonly term: Term;
  readonly lastIndex: LogIndex;
  status(): RaftStatus;
}
