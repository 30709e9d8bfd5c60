import type { ForwardResult, ReadResult } from './effects.ts';
import type { SnapshotMeta } from './entry.ts';
import type { Message } from './messages.ts';
import type { LogIndex, NodeId, Term } from './types.ts';

/**
 * What a step wants to say, until the driver takes it as effects.
 *
 * Acknowledgements are the one message that is merged here: all appends that a follower takes in
 * one turn are answered by one `appendAccepted`.
 */
export class Outbox {
  messages: Message[] = [];
  messagesAfterWrite: Message[] = [];
  reads: ReadResult[] = [];
  forwarded: ForwardResult[] = [];
  restore: SnapshotMeta | undefined;
  #ack: { to: NodeId; term: Term; matchIndex: LogIndex; round: number } | undefined;

  get isEmpty(): boolean {
    return (
      this.messages.length === 0 &&
      this.messagesAfterWrite.length === 0 &&
      this.reads.length === 0 &&
      this.forwarded.length === 0
    );
  }

  /** May leave at once: promises nothing about our disk. */
  send(message: Message): void {
    this.messages.push(message);
  }

  /** A promise about our disk: leaves only when everything stepped so far is durable. */
  sendAfterWrite(message: Message): void {
    this.messagesAfterWrite.push(message);
  }

  /** "My log is equal to yours up to `matchIndex`." Within a term the newest such word is enough. */
  acknowledge(to: NodeId, term: Term, matchIndex: LogIndex, round: number): void {
    const ack = this.#ack;
    if (ack !== undefined && ack.term === term && ack.to === to) {
      if (matchIndex > ack.matchIndex) ack.matchIndex = matchIndex;
      if (round > ack.round) ack.round = round;
    } else {
      this.#ack = { to, term, matchIndex, round };
    }
  }

  /** Turns the merged acknowledgement, if any, into a message. */
  sealAcknowledgement(from: NodeId): void {
    if (this.#ack === undefined) return;
    const { to, term, matchIndex, round } = this.#ack;
    this.sendAfterWrite({ kind: 'appendAccepted', from, to, term, matchIndex, round });
    this.#ack = undefined;
  }
}
