/**
 * CRC-32 with the IEEE polynomial: of `bytes`, or continued from the checksum of what precedes
 * them. The format names this one function, so all implementations must agree and a checksum that
 * one of them computed may be cached for another; `zlib.crc32` is the fast one in Node.js. Never
 * asked to continue with no bytes: there `zlib.crc32` forgets the seed.
 */
export type Checksum = (bytes: Uint8Array, seed: number) => number;

const TABLE = makeTable();

/** The portable implementation: one table look-up for each byte. */
export function crc32(bytes: Uint8Array, seed: number): number {
  let crc = ~seed;
  for (let at = 0; at < bytes.length; at += 1) {
    crc = TABLE[(crc ^ bytes[at]!) & 0xff]! ^ (crc >>> 8);
  }
  return ~crc >>> 0;
}

function makeTable(): Uint32Array {
  const table = new Uint32Array(256);
  for (let byte = 0; byte < 256; byte += 1) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? 0xedb88320 ^ (crc >>> 1) : crc >>> 1;
    table[byte] = crc;
  }
  return table;
}
