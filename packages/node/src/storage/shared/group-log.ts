import type { LogIndex, LogReader, SnapshotMeta, Write } from '@quorate/core';
import { RaftError } from '../../errors.ts';
import type { Log, WriteListener } from '../storage.ts';
import type { GroupState } from './group-state.ts';
import type { SharedLog } from './shared-log.ts';

/** A shared log as one group sees it. What it is given goes to the disk with that of the others. */
export class GroupLog implements Log {
  readonly reader: LogReader;
  readonly #shared: SharedLog;
  readonly #state: GroupState;
  #isClosed = false;

  constructor(shared: SharedLog, state: GroupState) {
    this.#shared = shared;
    this.#state = state;
    this.reader = shared.readerOf(state);
  }

  /** Of all groups together: files are shared. */
  get bytesOnDisk(): number {
    return this.#shared.bytesOnDisk;
  }

  hasRoomFor(byteLength: number): boolean {
    return this.#shared.hasRoomFor(byteLength);
  }

  write(write: Write, listener: WriteListener): boolean {
    this.#requireOpen();
    this.#state.listener = listener;
    const { sequence } = write;
    const part = { group: this.#state.id, kind: 'write', write } as const;
    this.#shared.ask(this.#state, part, {
      done: () => listener.durable(sequence),
      // All listeners hear of that, whether or not they have anything on its way.
      failed: () => {},
    });
    if (write.snapshot !== undefined) this.#shared.repeatBeginning(this.#state);
    return false;
  }

  async compact(snapshot: SnapshotMeta, dropThrough: LogIndex): Promise<void> {
    this.#requireOpen();
    const compaction = this.#state.shape.compactionTo(snapshot, dropThrough);
    if (compaction === undefined) return;
    const part = { group: this.#state.id, kind: 'compaction', compaction } as const;
    await new Promise<void>((done, failed) => {
      this.#shared.ask(this.#state, part, { done, failed });
      this.#shared.repeatBeginning(this.#state);
    });
  }

  /** Resolves when all that was written is durable, or never will be. The files stay open. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#shared.settled(this.#state);
    this.#state.listener = undefined;
  }

  #requireOpen(): void {
    if (this.#isClosed) throw new RaftError('RAFT_CLOSED', 'the log is closed; open it again');
    this.#shared.requireUsable();
  }
}
