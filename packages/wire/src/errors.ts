/**
 * Bytes that are not what they should be. From a peer: close the connection. From a disk: damage.
 * `offset` counts from the first byte of the frame or record.
 */
export class FrameError extends Error {
  override readonly name = 'FrameError';
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(`${message} (at byte ${offset})`);
    this.offset = offset;
  }
}
