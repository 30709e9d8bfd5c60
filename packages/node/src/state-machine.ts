import type { LogIndex, Term } from '@quorate/core';
import type { SessionRow } from '@quorate/wire';

/**
 * Consecutive committed commands, in log order. Iterating yields each command's bytes as a view.
 *
 * A batch without commands says that `lastIndex` is reached: on-disk machines get one for entries
 * that concern sessions alone.
 */
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
   *
   * @param sessions For a machine with `sessionRows`, when client sessions were used: what the machine
   *   must save too.
   */
  apply(
    batches: readonly CommittedCommands[],
    sessions?: SessionSaver<Result>,
  ): readonly Result[] | Promise<readonly Result[]>;

  /**
   * The whole state, consistent at the last applied index, as bytes. The first chunk is asked for
   * before anything else is applied; application then goes on while the others are drawn, and must
   * not change what they hold. Chunks of some hundred kilobytes suit best.
   */
  snapshot(): AsyncIterable<Uint8Array>;

  /**
   * Replaces the whole state by a snapshot of `index`.
   *
   * @param sessions For a machine with `sessionRows`: the rows that replace all it has saved.
   */
  restore(
    index: LogIndex,
    chunks: AsyncIterable<Uint8Array>,
    sessions?: readonly SessionRow[],
  ): Promise<void>;

  /**
   * On-disk machines only: makes everything applied so far durable and answers its index. The
   * runtime then drops the log up to there, and calls `snapshot` only for a follower in need.
   */
  sync?(): Promise<LogIndex>;

  /**
   * On-disk machines that keep client sessions: every row that `apply` and `restore` were given and
   * that was not removed since, in any order. Called after `open`. Without this, `openSession` is refused.
   */
  sessionRows?(): Iterable<SessionRow> | Promise<Iterable<SessionRow>>;

  close?(): Promise<void>;
}

/**
 * Sessions answer a repeated command instead of applying it, so what they know must stand at the same
 * command as the data. A machine that saves its data itself saves these rows with them.
 */
export interface SessionSaver<Result> {
  /**
   * The rows to put, and to remove where the value is undefined. Call it once in each `apply` that is
   * given a saver, with the results that `apply` will answer, and write the rows in the same
   * transaction as data and applied index.
   */
  rowsAfter(results: readonly Result[]): readonly SessionRow[];
}
