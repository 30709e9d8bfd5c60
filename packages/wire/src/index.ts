/** Bytes to messages and back: the codec of Quorate's peers and log. */
export { BATCH_HEADER_BYTES, BatchReader, encodeBatch, encodedBatchSize } from './batch-codec.ts';
export { type Allocate, numberAt, putNumber, putU32, u32At } from './bytes.ts';
export { type Checksum, crc32 } from './checksum.ts';
export { COMMAND_OVERHEAD_BYTES, CommandSlab, CommandSlabBuilder } from './command-slab.ts';
export { configurationAt, configurationSize, putConfiguration } from './configuration-codec.ts';
export { FrameError } from './errors.ts';
export { DEFAULT_MAX_FRAME_BYTES } from './frame-assembler.ts';
export * from './handshake.ts';
export { encodeHostMessage, type HostMessage } from './host-messages.ts';
export { type Link, MessageDecoder, type MessageDecoderOptions } from './message-decoder.ts';
export { encodedSize, encodeMessage } from './message-encoder.ts';
export * from './sessions/session-entry.ts';
export * from './sessions/session-table.ts';
export * from './sessions/session-table-codec.ts';
export * from './snapshot-answers.ts';
export * from './snapshot-stream.ts';
export {
  type Compaction,
  type Decoded,
  decodeWrite,
  type Encoded,
  encodeCompaction,
  encodedCompactionSize,
  encodedWriteSize,
  encodeWrite,
  type StoredWrite,
} from './write-codec.ts';
