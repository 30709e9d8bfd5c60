/**
 * Messages to bytes, through one writer whose buffer is used again. Hot: a fresh writer for each
 * answer costs more than writing the answer does.
 */

import { BinaryWriter } from '@bufbuild/protobuf/wire';

/** A buffer grown beyond this for one large answer is not kept for the small ones. */
const MAX_KEPT_BYTES = 1_048_576;

let writer = new BinaryWriter();

export interface Encoder<Message> {
  encode(message: Message, writer: BinaryWriter): BinaryWriter;
}

export function encodeMessage<Message>(encoder: Encoder<Message>, message: Message): Uint8Array {
  try {
    const bytes = encoder.encode(message, writer).finish();
    if (bytes.length > MAX_KEPT_BYTES) writer = new BinaryWriter();
    return bytes;
  } catch (error) {
    // Half a message is left behind in it.
    writer = new BinaryWriter();
    throw error;
  }
}
