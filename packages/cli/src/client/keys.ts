/** Key ranges as etcd's API writes them, and bytes as people and programs read them. */

const ZERO = Uint8Array.of(0);
const NO_END = new Uint8Array(0);

export type KeySelection = 'one' | 'prefix' | 'from';

export interface KeyRange {
  readonly key: Uint8Array;
  readonly rangeEnd: Uint8Array;
}

/** An empty key with a prefix or from a key means every key, as in etcdctl. */
export function keyRange(key: string, selection: KeySelection): KeyRange {
  const bytes = new TextEncoder().encode(key);
  if (selection === 'one') return { key: bytes, rangeEnd: NO_END };
  if (bytes.length === 0) return { key: ZERO, rangeEnd: ZERO };
  if (selection === 'from') return { key: bytes, rangeEnd: ZERO };
  return { key: bytes, rangeEnd: endOfPrefix(bytes) };
}

/** The first key that is greater than every key with this prefix. */
function endOfPrefix(prefix: Uint8Array): Uint8Array {
  const lastBelowMax = prefix.findLastIndex((byte) => byte < 0xff);
  if (lastBelowMax === -1) return ZERO; // 0xff… has no end
  const end = prefix.slice(0, lastBelowMax + 1);
  end[lastBelowMax]! += 1;
  return end;
}

/** Text where the bytes are text, and otherwise base64, marked: nothing is lost on the way. */
export function bytesForJson(bytes: Uint8Array): string | { readonly base64: string } {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return { base64: Buffer.from(bytes).toString('base64') };
  }
}
