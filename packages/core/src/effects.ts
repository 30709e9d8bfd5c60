import type { Batch, HardState, SnapshotMeta } from './entry.ts';
import type { Message } from './messages.ts';
import type { LogIndex, Term } from './types.ts';

/**
 * What the core wants done, in the order the driver must do it:
 *
 *   1. send `messages`
 *   2. make `write` durable, then `raft.step({ kind: 'written', sequence })`
 *   3. send `messagesAfterWrite`, once this write and all before it are durable
 *   4. restore `restore`, apply `committed`, then `raft.step({ kind: 'applied', index })`
 *
 * The driver need not wait for 2 before it takes the next effects: several writes may be in flight,
 * and they become durable in order. A leader sends entries while its own disk writes them
 * (dissertation §10.2.1). Step 3 must wait: a vote or an acceptance is a promise about our disk
 * (§5.2, §5.3), and a promise made before the write is how a cluster loses committed data. When
 * there is no `write`, step 3 waits for the writes of earlier effects.
 */
export interface Effects {
  readonly messages: readonly Message[];
  readonly write: Write | undefined;
  readonly messagesAfterWrite: readonly Message[];
  /** The state machine's state is to be replaced by this snapshot, before `committed` is applied. */
  readonly restore: SnapshotMeta | undefined;
  /** Consecutive entries for the state machine. All of them are durable here. */
  readonly committed: readonly Batch[];
  readonly reads: readonly ReadResult[];
  readonly forwarded: readonly ForwardResult[];
}

/** One atomic write. */
export interface Write {
  /** 1, 2, 3 … The driver hands it back when the write is durable. */
  readonly sequence: number;
  readonly hardState: HardState | undefined;
  /** Empty, or consecutive. Stored entries at and after `batches[0].firstIndex` are replaced. */
  readonly batches: readonly Batch[];
  /** The whole stored log is replaced by this snapshot, whose data the driver already holds. */
  readonly snapshot: SnapshotMeta | undefined;
}

/** The answer to `readRequested`. */
export type ReadResult =
  /** Local state is linearizable for this read once `readIndex` is applied. */
  | { readonly kind: 'ready'; readonly id: number; readonly readIndex: LogIndex }
  /** Nobody known can answer, or leadership was lost meanwhile: ask again. */
  | { readonly kind: 'dropped'; readonly id: number };

/** The answer to `forwardRequested`. No answer at all is possible too: messages are lost. */
export type ForwardResult =
  /** The commands stand at `firstIndex` of the log, in `term`; not yet committed. */
  | {
      readonly kind: 'appended';
      readonly id: number;
      readonly firstIndex: LogIndex;
      readonly term: Term;
    }
  /** Nothing was appended. */
  | { readonly kind: 'refused'; readonly id: number };
