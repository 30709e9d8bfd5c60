import type { CommandBatch } from '@quorate/core';
import type { CommandSlab } from '@quorate/wire';

/** The commands of a batch, as views. Every payload in the simulator is a `CommandSlab`. */
export const commandsOf = (batch: CommandBatch): Iterable<Uint8Array> =>
  batch.payload as CommandSlab;

export function isSameBytes(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  if (a === b) return true;
  if (a.byteLength !== b.byteLength) return false;
  for (let at = 0; at < a.byteLength; at++) if (a[at] !== b[at]) return false;
  return true;
}
