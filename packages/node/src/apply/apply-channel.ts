/**
 * Committed commands, in log order, for those who want the log itself: a state machine turned inside
 * out.
 *
 * Asking for the next batch says that the previous one is applied. There is no separate
 * acknowledgement to forget: a consumer that throws or breaks out of the loop has not applied the
 * batch it holds, and sees it again when it iterates anew. Memory is bounded because nothing new is
 * offered until it is asked for.
 *
 *     for await (const batch of node.committed({ signal })) {
 *       await store.apply(batch);
 *     }
 */

import { INDEX_ZERO, type LogIndex } from '@quorate/core';
import { RaftError } from '../errors.ts';
import type { CommittedCommands, StateMachine } from '../state-machine.ts';

/** A batch that was offered, and what to do when it is applied. */
interface Offer {
  readonly batch: CommittedCommands;
  readonly applied: () => void;
  readonly abandoned: (reason: RaftError) => void;
}

export class ApplyChannel implements StateMachine<undefined> {
  #offer: Offer | undefined;
  /** Why no batch will be offered any more. */
  #end: 'closed' | RaftError | undefined;
  #isIterated = false;
  /** Wakes the consumer that waits for an offer. */
  #wakeConsumer: () => void = () => {};

  /** The consumer keeps no index with us, so after a restart it sees the log from its beginning. */
  open(): Promise<LogIndex> {
    return Promise.resolve(INDEX_ZERO);
  }

  async apply(batches: readonly CommittedCommands[]): Promise<readonly undefined[]> {
    let count = 0;
    for (const batch of batches) {
      count += batch.count;
      await new Promise<void>((applied, abandoned) => {
        this.#offer = { batch, applied, abandoned };
        this.#wakeConsumer();
      });
    }
    return new Array<undefined>(count).fill(undefined);
  }

  async *consume(signal: AbortSignal | undefined): AsyncGenerator<CommittedCommands, void, void> {
    if (this.#isIterated) throw new TypeError('committed() has a consumer already; end it first');
    this.#isIterated = true;
    try {
      while (this.#end !== 'closed' && !signal?.aborted) {
        const offer = this.#offer;
        if (offer === undefined) {
          if (this.#end !== undefined) throw this.#end;
          await this.#nextOffer(signal);
          continue;
        }
        yield offer.batch;
        // Reached only when the consumer came back for more.
        this.#offer = undefined;
        offer.applied();
      }
    } finally {
      this.#isIterated = false;
    }
  }

  /** Ends the consumer's loop. What it has not applied, it sees again after a restart. */
  close(): Promise<void> {
    this.#end = 'closed';
    this.#offer?.abandoned(new RaftError('RAFT_CLOSED', 'the node was closed'));
    this.#offer = undefined;
    this.#wakeConsumer();
    return Promise.resolve();
  }

  /** This server was removed and has been given all that it will ever get: the consumer hears why. */
  left(reason: RaftError): void {
    this.#end ??= reason;
    this.#wakeConsumer();
  }

  snapshot(): AsyncIterable<Uint8Array> {
    throw new TypeError('a log that is read by committed() has no snapshots');
  }

  restore(): Promise<void> {
    return Promise.reject(new TypeError('a log that is read by committed() has no snapshots'));
  }

  #nextOffer(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        signal?.removeEventListener('abort', wake);
        resolve();
      };
      this.#wakeConsumer = wake;
      signal?.addEventListener('abort', wake);
    });
  }
}
