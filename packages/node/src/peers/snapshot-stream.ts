/**
 * A snapshot on a connection of its own, so that a long transfer delays no heartbeat.
 *
 *     sender                            receiver
 *                       ◀─ held         what an earlier transfer has left
 *     begin, chunk … ─▶
 *                       ◀─ progress …   for each chunk that is written
 *     end ─▶
 *                       ◀─ stored       when all of it is on the receiver's disk
 *
 * Memory is bounded: a chunk is drawn when the one before it has gone to the kernel, and read when
 * the one before it is written.
 */

import type { Socket } from 'node:net';
import { crc32 } from 'node:zlib';
import type { NodeId } from '@quorate/core';
import {
  encodeSnapshotAnswer,
  type HeldSnapshot,
  MAX_SNAPSHOT_FRAME_BYTES,
  type SnapshotAnswer,
  SnapshotAnswerDecoder,
  type SnapshotFrame,
  SnapshotStreamDecoder,
  SnapshotStreamEncoder,
} from '@quorate/wire';
import type { Receiver, SnapshotSource, SnapshotTransfer } from './transport.ts';

/** A receiver that owes us a word and has said none for so long has failed. */
const STALL_TIMEOUT_MS = 30_000;

/**
 * A sender may be silent for long: it is throttled, or reads what we hold. Whoever calls after it
 * takes its place, so this only frees what a dead one has left.
 */
const IDLE_TIMEOUT_MS = 300_000;

/** Sends what the receiver lacks and resolves when the other side has all of it on its disk. */
export async function sendSnapshot(
  socket: Socket,
  rest: Uint8Array,
  source: SnapshotSource,
): Promise<void> {
  const patience = new Patience(socket);
  try {
    const answers = answersOf(socket, rest);
    patience.owes(1);
    const first = await answers.next();
    if (first.done || first.value.kind !== 'held')
      throw new Error('the receiver wants no snapshot');
    patience.heard(1);
    const transfer = await source(first.value.held);
    await Promise.all([pump(socket, transfer, patience), untilStored(answers, patience)]);
  } finally {
    patience.end();
  }
}

async function pump(
  socket: Socket,
  { message, after, chunks }: SnapshotTransfer,
  patience: Patience,
): Promise<void> {
  const encoder = new SnapshotStreamEncoder(crc32);
  await write(socket, encoder.begin(message.term, message.snapshot, after));
  for await (const chunk of chunks) {
    const pieces = encoder.chunk(chunk);
    patience.owes(encoder.content.byteLength);
    await write(socket, pieces);
  }
  patience.owes(Infinity);
  await write(socket, encoder.end());
}

async function untilStored(
  answers: AsyncIterable<SnapshotAnswer>,
  patience: Patience,
): Promise<void> {
  for await (const answer of answers) {
    if (answer.kind === 'stored') return;
    if (answer.kind === 'progress') patience.heard(answer.byteLength);
  }
  throw new Error('the receiver closed the connection before it had stored the snapshot');
}

/**
 * Ends a transfer that does not move. The receiver has its time only while it owes us something; it
 * owes nothing while we hold back ourselves, because we are throttled or our disk is slow.
 */
class Patience {
  readonly #socket: Socket;
  #timer: NodeJS.Timeout | undefined;
  /** Bytes of the snapshot that the receiver should have; all and more once the end is sent. */
  #owed = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  owes(byteLength: number): void {
    this.#owed = byteLength;
    if (this.#timer === undefined) this.#wait();
  }

  heard(byteLength: number): void {
    this.end();
    if (byteLength < this.#owed) this.#wait();
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #wait(): void {
    const reason = `the receiver has stored nothing for ${STALL_TIMEOUT_MS} ms`;
    const giveUp = () => void this.#socket.destroy(new Error(reason));
    this.#timer = setTimeout(giveUp, STALL_TIMEOUT_MS);
  }
}

/** Receives one snapshot and answers when it is stored. */
export async function receiveSnapshot(
  socket: Socket,
  rest: Uint8Array,
  { from, to, group }: { readonly from: NodeId; readonly to: NodeId; readonly group: number },
  receiver: Receiver,
): Promise<void> {
  const silent = new Error(`nothing came for ${IDLE_TIMEOUT_MS} ms`);
  socket.setTimeout(IDLE_TIMEOUT_MS, () => socket.destroy(silent));
  const answer = (what: SnapshotAnswer) => write(socket, [encodeSnapshotAnswer(what, crc32)]);
  const frames = framesOf(socket, rest);
  let byteLength = 0;
  const begin = async (held: HeldSnapshot | undefined): Promise<SnapshotTransfer> => {
    await answer({ kind: 'held', held });
    const first = await frames.next();
    if (first.done || first.value.kind !== 'begin') throw new Error('no snapshot came');
    const { term, snapshot, after } = first.value;
    const message = { kind: 'installSnapshot', from, to, term, snapshot } as const;
    return { message, after, chunks: chunksOf(frames) };
  };
  await receiver.receivedSnapshot(group, {
    from,
    begin,
    progressed(bytes) {
      byteLength = bytes;
      // The sender's failure to hear it is noticed when we read.
      answer({ kind: 'progress', byteLength }).catch(() => {});
    },
    cancel: (reason) => void socket.destroy(reason),
  });
  await answer({ kind: 'stored', byteLength });
}

async function* chunksOf(
  frames: AsyncIterable<SnapshotFrame>,
): AsyncGenerator<Uint8Array, void, void> {
  for await (const frame of frames) {
    if (frame.kind === 'end') return;
    if (frame.kind !== 'chunk') break;
    yield frame.bytes;
  }
  throw new Error('the snapshot ended early');
}

async function* framesOf(socket: Socket, rest: Uint8Array): AsyncGenerator<SnapshotFrame> {
  const decoder = new SnapshotStreamDecoder({
    checksum: crc32,
    maxFrameBytes: MAX_SNAPSHOT_FRAME_BYTES,
  });
  yield* decoder.push(rest);
  for await (const chunk of bytesOf(socket)) yield* decoder.push(chunk);
}

async function* answersOf(socket: Socket, rest: Uint8Array): AsyncGenerator<SnapshotAnswer> {
  const decoder = new SnapshotAnswerDecoder(crc32);
  yield* decoder.push(rest);
  for await (const chunk of bytesOf(socket)) yield* decoder.push(chunk);
}

/** Leaves the socket open when the consumer stops: more is to be said on it. */
const bytesOf = (socket: Socket): AsyncIterable<Uint8Array> =>
  socket.iterator({ destroyOnReturn: false });

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
