/**
 * What a connection sends with its next write. Small pieces are gathered into one: with thousands of
 * groups each of them would cost more as a buffer of its own than it holds.
 *
 * Hot: runs for each message.
 */

/** To copy more costs more than to write it by itself. */
const MOST_GATHERED_BYTES = 4_096;
const SLAB_BYTES = 65_536;

export class SendQueue {
  #pieces: Uint8Array[] = [];
  #byteLength = 0;
  /** Up to `#begin` it has been sent, or is among the pieces; up to `#end` it is filled. */
  #slab: Uint8Array = new Uint8Array(0);
  #begin = 0;
  #end = 0;

  get byteLength(): number {
    return this.#byteLength;
  }

  /** A large piece must not change until it is sent. */
  push(piece: Uint8Array): void {
    this.#byteLength += piece.length;
    if (piece.length > MOST_GATHERED_BYTES) {
      this.#seal();
      this.#pieces.push(piece);
      return;
    }
    if (this.#end + piece.length > this.#slab.length) {
      this.#seal();
      this.#slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
      this.#begin = 0;
      this.#end = 0;
    }
    this.#slab.set(piece, this.#end);
    this.#end += piece.length;
  }

  /** All of it, in order. */
  take(): readonly Uint8Array[] {
    this.#seal();
    const pieces = this.#pieces;
    this.#pieces = [];
    this.#byteLength = 0;
    return pieces;
  }

  #seal(): void {
    if (this.#begin === this.#end) return;
    this.#pieces.push(this.#slab.subarray(this.#begin, this.#end));
    this.#begin = this.#end;
  }
}
