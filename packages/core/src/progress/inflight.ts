import type { LogIndex } from '../types.ts';

/**
 * Appends sent to one follower and not yet acknowledged: how many, and how many bytes.
 *
 * After a refusal the window begins with one append and grows by one for each that arrives, so it doubles
 * in a round trip. Were it open at once, every refusal on a network that reorders would be answered by
 * a whole window, of which most is refused again: more messages each time, and no end.
 */
export class Inflight {
  readonly #maxMessages: number;
  readonly #maxBytes: number;
  #sent: { readonly lastIndex: LogIndex; readonly bytes: number }[] = [];
  #bytes = 0;
  #window: number;

  constructor(maxMessages: number, maxBytes: number, isAfterRefusal: boolean) {
    this.#maxMessages = maxMessages;
    this.#maxBytes = maxBytes;
    this.#window = isAfterRefusal ? 1 : maxMessages;
  }

  get isFull(): boolean {
    return this.#sent.length >= this.#window || this.#bytes >= this.#maxBytes;
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
    if (arrived === 0) return;
    this.#sent.splice(0, arrived);
    this.#window = Math.min(this.#window + arrived, this.#maxMessages);
  }
}
