import type { LogIndex } from '../types.ts';

/** Appends sent to one follower and not yet acknowledged: how many, and how many bytes. */
export class Inflight {
  readonly #maxMessages: number;
  readonly #maxBytes: number;
  #sent: { readonly lastIndex: LogIndex; readonly bytes: number }[] = [];
  #bytes = 0;

  constructor(maxMessages: number, maxBytes: number) {
    this.#maxMessages = maxMessages;
    this.#maxBytes = maxBytes;
  }

  get isFull(): boolean {
    return this.#sent.length >= this.#maxMessages || this.#bytes >= this.#maxBytes;
  }

  add(lastIndex: LogIndex, bytes: number): void {
    this.#sent.push({ lastIndex, bytes });
    this.#bytes += bytes;
  }

  /** Everything up to `index` has arrived; acknowledgements of single messages may be lost. */
  acknowledge(index: LogIndex): void {
    let arrived = 0;
    for (const sent of this.#sent) {
      if (sent.lastIndex > index) break;
      this.#bytes -= sent.bytes;
      arrived += 1;
    }
    if (arrived > 0) this.#sent.splice(0, arrived);
  }
}
