import type { LogIndex, Term } from '@quorate/core';

/** Consecutive committed commands, in log order. Iterating yields each command's bytes as a view. */
export interface CommittedCommands extends Iterable<Uint8Array> {
  readonly firstIndex: LogIndex;
  readonly lastIndex: LogIndex;
  readonly term: Term;
  readonly count: number;
}

/**
 * What is replicated. Every replica applies the same commands in the same order, so `apply` must be
 * deterministic: no clock, no dice, nothing read from outside.
 *
 * Two kinds fit. An *in-memory* machine answers 0 from `open` and gets its snapshots written and
 * read back by the runtime. An *on-disk* machine answers the index it stands at, saves that index
 * atomically with its data, and is replayed only what it lacks.
 */
export interface StateMachine<Result = unknown> {
  /** Called once, first. The index of the last command that is safely in the machine; 0 if none. */
  open(): Promise<LogIndex>;

  /**
   * Applies some commands, at most a few thousand, and answers one result for each, in order. The
   * views are valid until the returned promise settles: copy what is kept. Batches overlap in
   * nothing: the next call comes after this one has settled.
   *
   * To throw ends the node. A command that cannot be carried out is to have a result that says so,
   * the same on all replicas.
   */
  apply(batches: readonly CommittedCommands[]): readonly Result[] | Promise<readonly Result[]>;

  /**
   * The whole state, consistent at the last applied index, as bytes. The first chunk is asked for
   * before anything else is applied; application then goes on while the others are drawn, and must
   * not change what they hold. Chunks of some hundred kilobytes suit best.
   */
  snapshot(): AsyncIterable<Uint8Array>;

  /** Replaces the whole state by a snapshot of `index`. */
  restore(index: LogIndex, chunks: AsyncIterable<Uint8Array>): Promise<void>;

  /**
   * On-disk machines only: makes everything applied so far durable and answers its index. The
   * runtime then drops the log up to there, and calls `snapshot` only for a follower in need.
   */
  sync?(): Promise<LogIndex>;

  close?(): Promise<void>;
}
