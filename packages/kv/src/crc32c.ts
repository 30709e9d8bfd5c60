const CASTAGNOLI = 0x82f6_3b78;

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ CASTAGNOLI : crc >>> 1;
  return crc;
});

/** CRC-32C of what came before (`crc`, 0 at first) followed by `bytes`. */
export function crc32c(crc: number, bytes: Uint8Array): number {
  let state = ~crc;
  for (const byte of bytes) state = (state >>> 8) ^ TABLE[(state ^ byte) & 0xff]!;
  return ~state >>> 0;
}
