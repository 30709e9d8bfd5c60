import { type CommandBatch, type LogIndex, lastIndexOf, type Term } from '@quorate/core';
import type { CommandSlab } from '@quorate/wire';
import { RaftError } from '../errors.ts';
import type { CommittedCommands } from '../state-machine.ts';

/** A batch as the state machine sees it. */
export class CommittedBatch implements CommittedCommands {
  readonly firstIndex: LogIndex;
  readonly lastIndex: LogIndex;
  readonly term: Term;
  readonly count: number;
  readonly #slab: CommandSlab;

  constructor(batch: CommandBatch) {
    this.firstIndex = batch.firstIndex;
    this.lastIndex = lastIndexOf(batch);
    this.term = batch.term;
    this.count = batch.count;
    // Payloads come from proposals here, from the decoder or from the log: slabs, all of them.
    this.#slab = batch.payload as CommandSlab;
  }

  get isOfSessions(): boolean {
    return this.#slab.isOfSessions;
  }

  /** The commands as they are in the log; those of sessions with what makes them so. */
  entries(): Iterable<Uint8Array> {
    return this.#slab;
  }

  [Symbol.iterator](): Iterator<Uint8Array> {
    if (this.#slab.isOfSessions) throw sessionsUnknown();
    return this.#slab[Symbol.iterator]();
  }
}

/** Some other server has opened a session that this one cannot keep. */
function sessionsUnknown(): RaftError {
  const problem = 'the log has commands of sessions, and this state machine cannot keep sessions';
  const remedy = 'give all servers of a cluster machines of one kind; see sessionRows';
  return new RaftError('RAFT_BAD_OPTION', `${problem}; ${remedy}`);
}
