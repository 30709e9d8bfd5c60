/**
 * Numbers in byte arrays, little-endian. Plain byte stores and loads: as fast as a DataView once
 * compiled, and no view object for each small buffer.
 *
 * Terms, indexes and ids are 8 bytes of which 53 bits may be set, so that they stay plain numbers
 * (two u32 cost 1 ns, `setBigUint64` 28 ns).
 */

import { FrameError } from './errors.ts';

/** Where memory comes from. `Buffer.allocUnsafeSlow` spares Node.js the zeroing. */
export type Allocate = (byteLength: number) => Uint8Array;

export const allocateZeroed: Allocate = (byteLength) => new Uint8Array(byteLength);

const TWO_TO_32 = 4_294_967_296;
const LARGEST_HIGH_HALF = 0x1f_ffff;

export function putU16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
}

export function putU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 24;
}

/** A safe integer at or above 0, in 8 bytes. */
export function putNumber(bytes: Uint8Array, at: number, value: number): void {
  putU32(bytes, at, value >>> 0);
  putU32(bytes, at + 4, (value / TWO_TO_32) >>> 0);
}

export function u16At(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8);
}

export function u32At(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0
  );
}

/** @throws {FrameError} above 2^53 - 1. */
export function numberAt(bytes: Uint8Array, at: number): number {
  const high = u32At(bytes, at + 4);
  if (high > LARGEST_HIGH_HALF) throw new FrameError('a number is above 2^53 - 1', at);
  return high * TWO_TO_32 + u32At(bytes, at);
}
