import type { Effects, ForwardResult, ReadResult, Write } from './effects.ts';
import type { Batch, SnapshotMeta } from './entry.ts';
import type { Message } from './messages.ts';
import type { LogIndex, NodeId, Term } from './types.ts';
import { withOneMore } from './with-one-more.ts';

const NONE: never[] = [];

/**
 * What a step wants to say, until the driver takes it as effects.
 *
 * Acknowledgements are the one message that is merged here: all appends that a follower takes in
 * one turn are answered by one `appendAccepted`.
 *
 * Hot: thousands of groups have one each, and most turns say one thing. So an empty list is no array of
 * its own, and a list begins with room for one (an empty array makes room for 17 at the first push).
 */
export class Outbox {
  #messages: Message[] = NONE;
  #messagesAfterWrite: Message[] = NONE;
  #reads: ReadResult[] = NONE;
  #forwarded: ForwardResult[] = NONE;
  restore: SnapshotMeta | undefined;
  #ack: { to: NodeId; term: Term; matchIndex: LogIndex; round: number } | undefined;

  get isEmpty(): boolean {
    return (
      this.#messages.length === 0 &&
      this.#messagesAfterWrite.length === 0 &&
      this.#reads.length === 0 &&
      this.#forwarded.length === 0
    );
  }

  /** May leave at once: promises nothing about our disk. */
  send(message: Message): void {
    this.#messages = withOneMore(this.#messages, message);
  }

  /** A promise about our disk: leaves only when everything stepped so far is durable. */
  sendAfterWrite(message: Message): void {
    this.#messagesAfterWrite = withOneMore(this.#messagesAfterWrite, message);
  }

  /** The answer to a read of this server's own. */
  answerRead(result: ReadResult): void {
    this.#reads = withOneMore(this.#reads, result);
  }

  /** The answer to commands that were passed on from here. */
  answerForwarded(result: ForwardResult): void {
    this.#forwarded = withOneMore(this.#forwarded, result);
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

  /** All of it, with what else is to be done; nothing is left. */
  take(write: Write | undefined, committed: readonly Batch[]): Effects {
    const effects = {
      messages: this.#messages,
      write,
      messagesAfterWrite: this.#messagesAfterWrite,
      restore: this.restore,
      committed,
      reads: this.#reads,
      forwarded: this.#forwarded,
    };
    this.#messages = NONE;
    this.#messagesAfterWrite = NONE;
    this.#reads = NONE;
    this.#forwarded = NONE;
    this.restore = undefined;
    return effects;
  }
}
