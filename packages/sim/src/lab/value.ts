/** The commands of the lab's Raft tests: integers and strings. */
export type Value = number | string;

const NUMBER = 0;
const TEXT = 1;
const TWO_POW_32 = 2 ** 32;

export function encodeValue(value: Value): Uint8Array {
  if (typeof value === 'string') {
    const text = new TextEncoder().encode(value);
    const bytes = new Uint8Array(1 + text.byteLength);
    bytes[0] = TEXT;
    bytes.set(text, 1);
    return bytes;
  }
  const bytes = new Uint8Array(9);
  const view = new DataView(bytes.buffer);
  bytes[0] = NUMBER;
  view.setUint32(1, Math.floor(value / TWO_POW_32), true);
  view.setUint32(5, value % TWO_POW_32, true);
  return bytes;
}

export function decodeValue(bytes: Uint8Array): Value {
  if (bytes[0] === TEXT) return new TextDecoder().decode(bytes.subarray(1));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return view.getUint32(1, true) * TWO_POW_32 + view.getUint32(5, true);
}

/** Any number of values in one piece. */
export function encodeValues(values: readonly Value[]): Uint8Array {
  const pieces = values.map(encodeValue);
  const bytes = new Uint8Array(pieces.reduce((sum, piece) => sum + 2 + piece.byteLength, 0));
  const view = new DataView(bytes.buffer);
  let offset = 0;
  for (const piece of pieces) {
    view.setUint16(offset, piece.byteLength, true);
    bytes.set(piece, offset + 2);
    offset += 2 + piece.byteLength;
  }
  return bytes;
}

export function decodeValues(bytes: Uint8Array): Value[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const values: Value[] = [];
  for (let offset = 0; offset < bytes.byteLength; ) {
    const start = offset + 2;
    const end = start + view.getUint16(offset, true);
    values.push(decodeValue(bytes.subarray(start, end)));
    offset = end;
  }
  return values;
}
