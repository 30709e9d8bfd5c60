import type { LogIndex } from '../types.ts';

/** Appends that may be in flight after a refusal. With one only, the lab's tests take a sixth more calls. */
const FIRST_WINDOW = 4;

/**
 * Appends sent to one follower and not yet acknowledged: how many, and how many bytes.
 *
 * After a refusal the window begins small and grows by one for each append that arrives, so it doubles
 * in a round trip. Were it open at once, every refusal on a network that reorders would be answered by
 * a whole window, of which most is refused again: more messages each time, and no end.
 */
export class Inflight {
  readonly #maxMessages: number;
  readonly #maxBytes: number;
  readonly #sent: { readonly lastIndex: LogIndex; readonly bytes: number }[] = [];
  #bytes = 0;
  #window: number;

  constructor(maxMessages: number, maxBytes: number, isAfterRefusal: boolean) {
    this.#maxMessages = maxMessages;
    this.#maxBytes = maxBytes;
    this.#window = isAfterRefusal ? Math.min(FIRST_WINDOW, maxMessages) : maxMessages;
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
    const sent = this.#sent;
    while (sent.length > 0 && sent[0]!.lastIndex <= index) {
      this.#bytes -= sent.shift()!.bytes;
      this.#window = Math.min(this.#window + 1, this.#maxMessages);
    }
  }
}
