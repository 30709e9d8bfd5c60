/**
 * What the driver asks of a disk: a log, snapshots, and to be alone with them.
 *
 * `openStorage` (open-storage.ts) is the durable one, `memoryStorage` (memory-storage.ts) the one
 * that forgets everything with the process.
 */

import type { LogIndex, LogReader, SnapshotMeta, StoredState, Write } from '@quorate/core';
import type { HeldSnapshot, Prefix } from '@quorate/wire';
import type { RaftError } from '../errors.ts';

export interface Storage {
  readonly log: Log;
  readonly snapshots: SnapshotStore;
  /** What the log held when it was opened: the `stored` of the core's `RaftConfig`. */
  readonly stored: StoredState;
  readonly identity: Identity;
  /** What was found and mended while opening, one sentence each: for a log line. */
  readonly warnings: readonly string[];
  /** Makes everything written durable, closes all files and gives the directory back. */
  close(): Promise<void>;
}

/** Whose data this is. A directory that was wiped comes back with another incarnation. */
export interface Identity {
  readonly clusterId: number;
  readonly nodeId: number;
  /** 32 hexadecimal digits, drawn when the directory was first used. */
  readonly incarnation: string;
}

/** Who hears of writes that `Log.write` could not finish at once. */
export interface WriteListener {
  /** The write with this sequence and all before it are durable. Called once for several. */
  durable(sequence: number): void;
  /** The log is dead, and what was not yet reported durable may be lost. Called once. */
  failed(error: RaftError): void;
}

export interface Log {
  readonly reader: LogReader;
  readonly bytesOnDisk: number;
  /**
   * False when so many bytes, on top of all that `write` was given, would use up space that is set
   * aside: refuse proposals and incoming entries then, so that votes and compaction still find room.
   */
  hasRoomFor(byteLength: number): boolean;

  /**
   * Makes one write durable, after all before it. True: it is durable already, and so are all
   * before it, and the listener hears nothing. False: the listener will be called, never from
   * within `write`.
   *
   * @throws {RaftError} `RAFT_DISK_FAILED` or `RAFT_DISK_FULL` — final: this log never writes again.
   *   `RAFT_CLOSED` after `close`.
   */
  write(write: Write, listener: WriteListener): boolean;

  /**
   * Records that `snapshot` is durable (a file of the snapshot store, or the state of an on-disk
   * machine) and that entries up to `dropThrough`, at or below it, are no longer needed. Files that
   * hold only such entries are recycled once the record is durable. Resolves then.
   */
  compact(snapshot: SnapshotMeta, dropThrough: LogIndex): Promise<void>;

  /** Makes everything written durable and closes the files. */
  close(): Promise<void>;
}

export interface SnapshotStore {
  /** Begins a snapshot file. One that is not committed leaves no trace. */
  create(snapshot: SnapshotMeta): Promise<SnapshotWriter>;
  /**
   * What an interrupted `receive` has left, as far as it is still good: the beginning of one
   * snapshot at most, also after a crash.
   */
  unfinished(): Promise<HeldSnapshot | undefined>;
  /**
   * Begins the file of a snapshot that a leader sends, in place of what is unfinished; or goes on
   * with that, if `after` is what `unfinished` has just answered.
   */
  receive(snapshot: SnapshotMeta, after: Prefix): Promise<SnapshotReceiver>;
  /** The newest committed one. */
  latest(): SnapshotMeta | undefined;
  /**
   * Its data, piece by piece, each verified before it is handed out.
   *
   * @throws {RaftError} `RAFT_STORAGE_CORRUPT`, at the latest when the last piece is drawn.
   */
  open(snapshot: SnapshotMeta): AsyncIterable<Uint8Array>;
  /**
   * Removes all that are older than this one, finished or not. Call it once the log knows of this
   * one.
   *
   * @param except Still being sent.
   */
  removeOlderThan(snapshot: SnapshotMeta, except: readonly SnapshotMeta[]): Promise<void>;
}

export interface SnapshotWriter {
  write(bytes: Uint8Array): Promise<void>;
  /**
   * Resolves when file, name and content are durable, and what was received has been read back.
   *
   * @param progressed Called now and then while that takes its time.
   */
  commit(progressed?: () => void): Promise<void>;
  /** Throws the file away. Harmless after a failed `write` or `commit`. */
  abort(): Promise<void>;
}

export interface SnapshotReceiver extends SnapshotWriter {
  /** All that the file holds. */
  readonly content: Prefix;
  /** Closes the file and keeps it as the unfinished one. Harmless after a failed `write`. */
  suspend(): Promise<void>;
}
