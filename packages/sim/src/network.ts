/**
 * The network between the servers: which links are cut, what happens to each message, and the count
 * of calls and bytes that the lab's tests set limits on.
 */

import type { Message, Milliseconds, NodeId, Random } from '@quorate/core';
import { encodedSize } from '@quorate/wire';
import type { NetworkBehaviour } from './network-behaviour.ts';
import type { Time } from './time.ts';

/** A message on its way. The data of a snapshot travels with the message that names it. */
export interface Parcel {
  readonly message: Message;
  readonly snapshotData: Uint8Array | undefined;
}

export interface NetworkEvents {
  /** Answers false when the server is down. */
  arrived(parcel: Parcel): boolean;
  /** A copy of an old message is about to arrive. */
  echoed(parcel: Parcel): void;
  /** The sender of a request may know by now that it, or the reply to it, was lost. */
  lost(parcel: Parcel): void;
}

/** Every kind of message. */
export const isRequest: Readonly<Record<Message['kind'], boolean>> = {
  requestPreVote: true,
  preVoteReply: false,
  requestVote: true,
  requestVoteReply: false,
  appendEntries: true,
  appendAccepted: false,
  appendRejected: false,
  installSnapshot: true,
  requestReadIndex: true,
  readIndexReply: false,
  forwardProposal: true,
  forwardReply: false,
  timeoutNow: true,
  rest: true,
  restAccepted: false,
  wakeUp: true,
};

/** A request and the reply to it are one call: calls are counted when the request leaves. */
export interface Traffic {
  readonly calls: number;
  /** Requests that left, and replies that arrived. */
  readonly bytes: number;
}

/** More servers than any run has. */
const MAX_ID = 1024;

export class Network {
  behaviour: NetworkBehaviour;
  /** Messages that a behaviour of infinite delay keeps until somebody takes them, oldest first. */
  readonly held: Parcel[] = [];
  readonly #time: Time;
  /** Each direction of a link has dice of its own: what happens on one changes nothing on others. */
  readonly #dice = new Map<number, Random>();
  readonly #makeDice: (from: NodeId, to: NodeId) => Random;
  readonly #events: NetworkEvents;
  /** Directed links, as `from>to`. */
  readonly #cutLinks = new Set<string>();
  /** Cut links that let one message through, as `from>to`. */
  readonly #leaks = new Set<string>();
  /** What waits on links that stand still, by `from>to`, oldest first. */
  readonly #clogged = new Map<string, Parcel[]>();
  /** When the next message of a kind to a server comes once more. */
  readonly #echoes = new Map<Message['kind'], Map<NodeId, Milliseconds>>();
  readonly #callsTo = new Map<NodeId, number>();
  #calls = 0;
  #bytes = 0;

  constructor(
    time: Time,
    makeDice: (from: NodeId, to: NodeId) => Random,
    behaviour: NetworkBehaviour,
    events: NetworkEvents,
  ) {
    this.#time = time;
    this.#makeDice = makeDice;
    this.behaviour = behaviour;
    this.#events = events;
  }

  get traffic(): Traffic {
    return { calls: this.#calls, bytes: this.#bytes };
  }

  /** Requests that were sent to this server, arrived or not. */
  callsTo(server: NodeId): number {
    return this.#callsTo.get(server) ?? 0;
  }

  /**
   * Cuts or mends one direction of a link. What is on its way already still arrives; what a clogged
   * link has kept comes when it is mended, and is lost when it is cut.
   */
  setLink(from: NodeId, to: NodeId, isConnected: boolean): void {
    const link = `${from}>${to}`;
    if (isConnected) this.#cutLinks.delete(link);
    else this.#cutLinks.add(link);
    this.#leaks.delete(link);
    const kept = this.#clogged.get(link);
    if (kept === undefined) return;
    this.#clogged.delete(link);
    for (const parcel of kept) this.#pass(parcel);
  }

  /**
   * Nothing moves in this direction any more, as over a connection whose other end does not read:
   * what is sent waits.
   */
  clog(from: NodeId, to: NodeId): void {
    const link = `${from}>${to}`;
    if (!this.#clogged.has(link)) this.#clogged.set(link, []);
  }

  /** The next message on this link gets through, though it is cut. */
  leak(from: NodeId, to: NodeId): void {
    this.#leaks.add(`${from}>${to}`);
  }

  /** The next message of this kind to this server comes once more, so much after it left. */
  echo(kind: Message['kind'], to: NodeId, delayMs: Milliseconds): void {
    const echoes = this.#echoes.get(kind) ?? new Map<NodeId, Milliseconds>();
    this.#echoes.set(kind, echoes.set(to, delayMs));
  }

  isConnected(from: NodeId, to: NodeId): boolean {
    return !this.#cutLinks.has(`${from}>${to}`);
  }

  isClogged(from: NodeId, to: NodeId): boolean {
    return this.#clogged.has(`${from}>${to}`);
  }

  send(parcel: Parcel): void {
    const { message } = parcel;
    const { from, to } = message;
    if (isRequest[message.kind]) {
      this.#calls++;
      this.#callsTo.set(message.to, this.callsTo(message.to) + 1);
      this.#bytes += sizeOf(parcel);
    }
    const kept = this.#clogged.size > 0 ? this.#clogged.get(`${from}>${to}`) : undefined;
    if (kept === undefined) this.#pass(parcel);
    else kept.push(parcel);
  }

  /** What becomes of a message that is not kept back. */
  #pass(parcel: Parcel): void {
    const { message } = parcel;
    const { from, to } = message;
    if (this.#cutLinks.size > 0 && this.#stops(from, to)) {
      this.#lose(parcel, this.cutNoticeMs(from, to));
      return;
    }
    if (this.#echoes.size > 0) this.#echoLater(parcel);
    const dice = this.#diceOf(from, to);
    const delays = this.behaviour.delaysOf(isRequest[message.kind], dice);
    if (delays.length === 0) this.#lose(parcel, this.behaviour.lossNoticeMs(dice));
    // Commands that are passed on are told apart by nobody: a connection does not repeat them.
    const copies = message.kind === 'forwardProposal' ? delays.slice(0, 1) : delays;
    for (const delayMs of copies) this.#deliver(parcel, delayMs);
  }

  /** A word beside the messages of the protocol: cut, lost and held up as they are. */
  carry(from: NodeId, to: NodeId, arrive: () => void): void {
    const delayMs = this.tripMs(from, to);
    if (delayMs !== undefined) this.#time.after(delayMs, arrive);
  }

  /** How long something takes that is said now; undefined when it is lost. */
  tripMs(from: NodeId, to: NodeId): Milliseconds | undefined {
    if (!this.isConnected(from, to) || this.isClogged(from, to)) return undefined;
    const [delayMs = Infinity] = this.behaviour.delaysOf(true, this.#diceOf(from, to));
    return delayMs < Infinity ? delayMs : undefined;
  }

  /** After so long the sender learns that a link was cut or the other server down. */
  cutNoticeMs(from: NodeId, to: NodeId): Milliseconds {
    return this.behaviour.cutNoticeMs(this.#diceOf(from, to));
  }

  /** Whether a message is lost here. */
  #stops(from: NodeId, to: NodeId): boolean {
    return !this.isConnected(from, to) && !this.#leaks.delete(`${from}>${to}`);
  }

  #echoLater(parcel: Parcel): void {
    const { kind, to } = parcel.message;
    const echoes = this.#echoes.get(kind);
    const delayMs = echoes?.get(to);
    if (echoes === undefined || delayMs === undefined) return;
    echoes.delete(to);
    if (echoes.size === 0) this.#echoes.delete(kind);
    this.#time.after(delayMs, () => {
      this.#events.echoed(parcel);
      this.arrive(parcel);
    });
  }

  #diceOf(from: NodeId, to: NodeId): Random {
    const link = from * MAX_ID + to;
    const known = this.#dice.get(link);
    if (known !== undefined) return known;
    const dice = this.#makeDice(from, to);
    this.#dice.set(link, dice);
    return dice;
  }

  /** It arrives now, whatever the links are like. */
  arrive(parcel: Parcel): void {
    const isTaken = this.#events.arrived(parcel);
    const { from, to } = parcel.message;
    if (!isTaken) this.#lose(parcel, this.cutNoticeMs(from, to));
    else if (!isRequest[parcel.message.kind]) this.#bytes += sizeOf(parcel);
  }

  #deliver(parcel: Parcel, delayMs: Milliseconds): void {
    if (delayMs === Infinity) this.held.push(parcel);
    else this.#time.after(delayMs, () => this.arrive(parcel));
  }

  #lose(parcel: Parcel, noticeMs: Milliseconds): void {
    this.#time.after(noticeMs, () => this.#events.lost(parcel));
  }
}

const sizeOf = ({ message, snapshotData }: Parcel): number =>
  encodedSize(message) + (snapshotData?.byteLength ?? 0);

/** Who waits for this message to be answered, or for the answer that it is. */
export function callerOf(message: Message): { readonly caller: NodeId; readonly callee: NodeId } {
  const { from, to } = message;
  return isRequest[message.kind] ? { caller: from, callee: to } : { caller: to, callee: from };
}
