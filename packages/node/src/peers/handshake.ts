/**
 * The first words on a connection: who is calling whom, in which cluster and which language.
 *
 * A stranger is told why it is refused and is cut off; nothing it says reaches the protocol.
 */

import { connect, type Socket } from 'node:net';
import { crc32 } from 'node:zlib';
import type { Milliseconds, NodeId } from '@quorate/core';
import {
  encodeHandshake,
  encodeHandshakeReply,
  type Handshake,
  HandshakeDecoder,
  type HandshakeReply,
  HandshakeReplyDecoder,
  type HandshakeVerdict,
  looksLikeHttp,
  PROTOCOL_VERSION,
} from '@quorate/wire';
import type { PeerAddress } from '../api.ts';
import type { KnownPeers } from '../storage/known-peers.ts';

/** Who we are, and whom we know. */
export interface PeerIdentity {
  readonly clusterId: number;
  readonly id: NodeId;
  readonly known: Pick<KnownPeers, 'incarnation' | 'isSame'>;
}

/** What a connection is for. */
export type Errand = Pick<Handshake, 'purpose' | 'group'>;

/** Is this server a peer of ours? */
export type JudgePeer = (
  id: NodeId,
) => Extract<HandshakeVerdict, 'accepted' | 'unknown-peer' | 'removed-peer'>;

/** A connection whose ends know each other. `rest` is what came behind the handshake. */
export interface Shaken<What> {
  readonly socket: Socket;
  readonly rest: Uint8Array;
  readonly what: What;
}

/** The other side answered, and the answer was no. Asking again soon is pointless. */
export class HandshakeRefused extends Error {
  override readonly name = 'HandshakeRefused';
  readonly verdict: HandshakeVerdict;

  constructor(verdict: HandshakeVerdict, explanation: string) {
    super(explanation);
    this.verdict = verdict;
  }
}

/** Calls a peer. Resolves when it has accepted us; the signal matters only until then. */
export async function dial(
  address: PeerAddress,
  self: PeerIdentity,
  to: NodeId,
  errand: Errand,
  limits: { readonly timeoutMs: Milliseconds; readonly signal: AbortSignal },
): Promise<Shaken<undefined>> {
  limits.signal.throwIfAborted();
  const socket = connect({ ...address, noDelay: true, keepAlive: true });
  const hangUp = (): void => void socket.destroy(new Error('called off'));
  limits.signal.addEventListener('abort', hangUp);
  const noAnswer = new Error(`no answer within ${limits.timeoutMs} ms`);
  const timer = setTimeout(() => socket.destroy(noAnswer), limits.timeoutMs);
  try {
    const { found, rest } = await ask(socket, self, to, errand);
    const isAccepted = found.verdict === 'accepted';
    const isSame = isAccepted && (await self.known.isSame(to, found.incarnation));
    requireOpen(socket);
    if (isSame) return { socket, rest, what: undefined };
    socket.destroy();
    const verdict = isAccepted ? 'other-disk' : found.verdict;
    const whose = isAccepted ? to : self.id;
    throw new HandshakeRefused(verdict, refusalText(verdict, self, to, found, whose));
  } finally {
    clearTimeout(timer);
    limits.signal.removeEventListener('abort', hangUp);
  }
}

function ask(
  socket: Socket,
  self: PeerIdentity,
  to: NodeId,
  errand: Errand,
): Promise<{ found: HandshakeReply; rest: Uint8Array }> {
  const { clusterId, id: from, known } = self;
  const { incarnation } = known;
  const version = PROTOCOL_VERSION;
  socket.write(encodeHandshake({ version, clusterId, from, to, incarnation, ...errand }, crc32));
  const decoder = new HandshakeReplyDecoder(crc32);
  return firstWords(socket, (chunk) => {
    const words = decoder.push(chunk);
    return words === undefined ? undefined : { found: words.reply, rest: words.rest };
  });
}

/** Answers a caller. Resolves with who it is; refuses and throws when it has no business here. */
export async function accept(
  socket: Socket,
  self: PeerIdentity,
  judgePeer: JudgePeer,
): Promise<Shaken<Handshake>> {
  const decoder = new HandshakeDecoder(crc32);
  const { found, rest } = await firstWords(socket, (chunk) => {
    if (looksLikeHttp(chunk)) {
      socket.end(HTTP_ANSWER);
      throw new Error('an HTTP request on the peer port');
    }
    const words = decoder.push(chunk);
    return words === undefined ? undefined : { found: words.handshake, rest: words.rest };
  });
  const verdict = await judge(found, self, judgePeer);
  requireOpen(socket);
  const version = PROTOCOL_VERSION;
  const { clusterId, id: from, known } = self;
  const reply = { version, clusterId, from, incarnation: known.incarnation, verdict };
  socket.write(encodeHandshakeReply(reply, crc32));
  if (verdict === 'accepted') return { socket, rest, what: found };
  socket.end();
  throw new HandshakeRefused(verdict, refusalText(verdict, self, self.id, found, found.from));
}

async function judge(
  caller: Handshake,
  self: PeerIdentity,
  judgePeer: JudgePeer,
): Promise<HandshakeVerdict> {
  if (caller.version !== PROTOCOL_VERSION) return 'wrong-version';
  if (caller.clusterId !== self.clusterId) return 'wrong-cluster';
  if (caller.to !== self.id) return 'wrong-node';
  const verdict = judgePeer(caller.from);
  if (verdict !== 'accepted') return verdict;
  return (await self.known.isSame(caller.from, caller.incarnation)) ? 'accepted' : 'other-disk';
}

/** While it was looked up on the disk who that is, nobody would have heard of the connection's end. */
function requireOpen(socket: Socket): void {
  if (!socket.destroyed) return;
  throw socket.errored ?? new Error('the connection was closed during the handshake');
}

function refusalText(
  verdict: HandshakeVerdict,
  self: PeerIdentity,
  meant: NodeId,
  other: { readonly version: number; readonly clusterId: number; readonly from: NodeId },
  whose: NodeId,
): string {
  switch (verdict) {
    case 'wrong-version':
      return `protocol versions differ: ours ${PROTOCOL_VERSION}, server ${other.from}'s ${other.version}; run one release everywhere`;
    case 'wrong-cluster':
      return `clusters differ: ours ${self.clusterId}, server ${other.from}'s ${other.clusterId}; correct the peers' addresses; a server that a recovery left out joins anew, with an empty disk and a new id`;
    case 'wrong-node':
      return `server ${meant} was meant, but another one listens there; correct the peers' addresses`;
    case 'unknown-peer':
      return `server ${other.from} and server ${self.id} do not know each other; list both in peers, or start the newer one with join and add it with changeMembership`;
    case 'removed-peer':
      return `server ${meant === self.id ? other.from : self.id} was removed from the cluster; to let its machine take part again, start it with an empty directory under a new id and add that`;
    case 'other-disk':
      return `server ${whose} came back without the disk that the others know, and so without its votes and what it acknowledged; give it its data back, or remove it from the cluster and add its machine under a new id`;
    case 'accepted':
      return 'accepted';
  }
}

/** Hands what arrives to `read` until it has found what it looks for; then the socket is paused. */
function firstWords<Found>(
  socket: Socket,
  read: (chunk: Uint8Array) => { found: Found; rest: Uint8Array } | undefined,
): Promise<{ found: Found; rest: Uint8Array }> {
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      socket.off('data', onData).off('close', onClose);
      socket.pause();
    };
    const onData = (chunk: Uint8Array): void => {
      try {
        const words = read(chunk);
        if (words === undefined) return;
        settle();
        resolve(words);
      } catch (error) {
        settle();
        socket.destroySoon();
        reject(error);
      }
    };
    let cause: unknown;
    const onError = (error: unknown): void => {
      cause = error;
    };
    const onClose = (): void =>
      reject(cause ?? new Error('the other side closed the connection before it said who it is'));
    // The listener for errors stays: a socket without one would end the process.
    socket.on('data', onData).on('error', onError).on('close', onClose);
  });
}

const HTTP_TEXT = 'This port is for the peers of a Quorate cluster, not for clients.\n';
const HTTP_ANSWER = [
  'HTTP/1.1 400 Bad Request',
  'Content-Type: text/plain',
  `Content-Length: ${HTTP_TEXT.length}`,
  'Connection: close',
  '',
  HTTP_TEXT,
].join('\r\n');
