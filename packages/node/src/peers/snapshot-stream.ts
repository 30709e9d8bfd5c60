/**
 * A snapshot on a connection of its own, so that a long transfer delays no heartbeat.
 *
 *     begin, chunk …, end ─▶
 *                         ◀─ stored, when it is on the receiver's disk
 */

import type { Socket } from 'node:net';
import { crc32 } from 'node:zlib';
import type { InstallSnapshot, NodeId } from '@quorate/core';
import {
  encodeSnapshotStored,
  type SnapshotFrame,
  SnapshotStreamDecoder,
  SnapshotStreamEncoder,
} from '@quorate/wire';
import type { Receiver } from './transport.ts';

/** A transfer in which nothing moves for so long has failed. Storing the last of it may take a while. */
const IDLE_TIMEOUT_MS = 30_000;

/** Sends everything and resolves when the other side has it on its disk. */
export async function sendSnapshot(
  socket: Socket,
  rest: Uint8Array,
  message: InstallSnapshot,
  chunks: AsyncIterable<Uint8Array>,
): Promise<void> {
  abandonWhenIdle(socket);
  const encoder = new SnapshotStreamEncoder(crc32);
  await write(socket, encoder.begin(message.term, message.snapshot));
  for await (const chunk of chunks) await write(socket, encoder.chunk(chunk));
  await write(socket, encoder.end());
  for await (const frame of framesOf(socket, rest)) if (frame.kind === 'stored') return;
  throw new Error('the receiver closed the connection before it had stored the snapshot');
}

/** Receives one snapshot and answers when it is stored. */
export async function receiveSnapshot(
  socket: Socket,
  rest: Uint8Array,
  { from, to, group }: { readonly from: NodeId; readonly to: NodeId; readonly group: number },
  receiver: Receiver,
): Promise<void> {
  abandonWhenIdle(socket);
  const frames = framesOf(socket, rest);
  const first = await frames.next();
  if (first.done || first.value.kind !== 'begin') throw new Error('no snapshot came');
  const { term, snapshot } = first.value;
  let byteLength = 0;
  const chunks = async function* (): AsyncGenerator<Uint8Array> {
    for await (const frame of frames) {
      if (frame.kind === 'end') return;
      if (frame.kind !== 'chunk') break;
      byteLength += frame.bytes.length;
      yield frame.bytes;
    }
    throw new Error('the snapshot ended early');
  };
  const message = { kind: 'installSnapshot', from, to, term, snapshot } as const;
  await receiver.receivedSnapshot(group, message, chunks());
  await write(socket, [encodeSnapshotStored(byteLength, crc32)]);
}

async function* framesOf(socket: Socket, rest: Uint8Array): AsyncGenerator<SnapshotFrame> {
  const decoder = new SnapshotStreamDecoder({ checksum: crc32 });
  yield* decoder.push(rest);
  // Leaves the socket open when the consumer stops: the answer goes out on it.
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) yield* decoder.push(chunk);
}

/** Resolves when there is room for more. */
function write(socket: Socket, pieces: readonly Uint8Array[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const last = pieces.length - 1;
    socket.cork();
    for (const [at, piece] of pieces.entries()) {
      if (at < last) socket.write(piece);
      // The socket keeps the memory until then, which may be the machine's own.
      else socket.write(piece, (error) => (error ? reject(error) : resolve()));
    }
    socket.uncork();
  });
}

function abandonWhenIdle(socket: Socket): void {
  const abandon = () => socket.destroy(new Error(`nothing moved for ${IDLE_TIMEOUT_MS} ms`));
  socket.setTimeout(IDLE_TIMEOUT_MS, abandon);
}
