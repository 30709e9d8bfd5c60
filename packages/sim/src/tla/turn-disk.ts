import type { HardState, LogIndex, Write } from '@quorate/core';
import { Disk } from '../disk.ts';

/**
 * A disk on which every turn of a server is one write, with commitIndex, as etcd's Ready is. Figure 2
 * lets a server forget commitIndex, and ours writes it only along with something else; the
 * specification does not let it.
 */
export class TurnDisk extends Disk {
  /** Told of every write that is durable, before its server is. */
  onDurable: (write: Write) => void = () => {};
  #hasWritten = false;
  #waiting: (() => void)[] = [];

  override write(write: Write, data: Uint8Array | undefined, onDurable: () => void): void {
    if (this.#hasWritten) throw new Error('two writes of one turn are not one Ready');
    this.#hasWritten = true;
    super.write(write, data, () => {
      this.onDurable(write);
      onDurable();
    });
  }

  /** Waits for this turn's write too, which may only come when the turn ends. */
  override afterWrites(action: () => void): void {
    if (this.#hasWritten) super.afterWrites(action);
    else this.#waiting.push(action);
  }

  /** Has this turn anything that must become durable, or that waits for it? */
  get isTurnOpen(): boolean {
    return this.#hasWritten || this.#waiting.length > 0;
  }

  /** Answers what is stored by the turn's write; no other write stores the same object. */
  endTurn(commitIndex: LogIndex): HardState {
    if (!this.#hasWritten) {
      const hardState = { ...this.latest.hardState, commitIndex };
      this.write({ sequence: 0, hardState, batches: [], snapshot: undefined }, undefined, () => {});
    }
    this.#hasWritten = false;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const action of waiting) super.afterWrites(action);
    return this.latest.hardState;
  }
}
