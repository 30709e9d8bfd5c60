/** The clients of a random run: what they ask, and how what they hear becomes history. */

import type { LogIndex } from '@quorate/core';
import { CommandSlab } from '@quorate/wire';
import type { Clients, SessionAsk } from '../clients.ts';
import type { Outcome } from '../scenario/action.ts';
import type { Server } from '../server.ts';
import type { Time } from '../time.ts';
import { PropertyViolation } from '../violation.ts';
import { History } from './history.ts';
import { type OnFate, Proposals } from './proposals.ts';
import type { RecordOfApplied } from './record-of-applied.ts';
import { SessionClients } from './session-clients.ts';
import { inputOf, type Store } from './store.ts';
import { encodeText } from './text.ts';

const DONE: Outcome = { kind: 'done' };

export class HistoryClients implements Clients {
  readonly history: History;
  readonly sessions: SessionClients;
  readonly #record: RecordOfApplied;
  readonly #note: (what: string) => void;
  readonly #committedIndex: () => LogIndex;
  readonly #proposals: Proposals;
  #questions = 0;

  /**
   * @param committedIndex What anybody knows to be committed now.
   * @param note Told what became of each question, in words.
   */
  constructor(
    time: Time,
    record: RecordOfApplied,
    committedIndex: () => LogIndex,
    note: (what: string) => void,
  ) {
    this.#record = record;
    this.#committedIndex = committedIndex;
    this.#note = note;
    this.history = new History(time, record, note);
    this.#proposals = new Proposals(record, note, () => this.#question());
    this.sessions = new SessionClients(this.history, this.#proposals, record, note);
  }

  propose(server: Server, commands: readonly string[]): Outcome {
    return this.#proposals.propose(server, slabOf(commands), () => this.#begin(server, commands));
  }

  forward(server: Server, commands: readonly string[]): Outcome {
    return this.#proposals.forward(server, slabOf(commands), () => this.#begin(server, commands));
  }

  inSession(server: Server, ask: SessionAsk): Outcome {
    return this.sessions.take(server, ask);
  }

  read(server: Server, key: string, onAnswer: () => void = () => {}): Outcome {
    const operation = this.history.add(server.id, { kind: 'get', key });
    const committed = this.#committedIndex();
    server.read(this.#question(), (result) => {
      this.#note(`read ${result.kind}`);
      if (result.kind === 'dropped') {
        operation.ending = { kind: 'void' };
        return;
      }
      expectFresh(server, result.readIndex, committed);
      server.whenApplied(result.readIndex, () => {
        this.history.answer(operation, (server.service as Store).get(key));
        onAnswer();
      });
    });
    return DONE;
  }

  /** Old it may be, but it must have been true once. */
  peek(server: Server, key: string): Outcome {
    const found = (server.service as Store).get(key);
    const expected = this.#record.valueAt(key, server.appliedIndex);
    if (found === expected) return DONE;
    throw new PropertyViolation(
      'stateMachineSafety',
      `server ${server.id} has "${found}" under ${key} after entry ${server.appliedIndex}, ` +
        `where "${expected}" was`,
    );
  }

  #begin({ id }: Server, commands: readonly string[]): OnFate {
    const operations = commands.map((command) => this.history.add(id, inputOf(command)));
    return (position, fate) => {
      const operation = operations[position]!;
      if (fate.kind === 'applied') this.history.answer(operation, fate.output);
      else operation.ending = { kind: 'void' };
    };
  }

  /** Numbers that are new for ever. */
  #question(): number {
    this.#questions += 1;
    return this.#questions;
  }
}

/**
 * Whatever anybody knew to be committed when a read was asked for is in what it is answered from. The
 * checker would see that only if somebody had written the same key.
 */
function expectFresh({ id }: Server, readIndex: LogIndex, committed: LogIndex): void {
  if (readIndex >= committed) return;
  throw new PropertyViolation(
    'readsAreFresh',
    `server ${id} may read at ${readIndex}; ${committed} was committed when it was asked`,
  );
}

const slabOf = (commands: readonly string[]): CommandSlab =>
  CommandSlab.of(...commands.map(encodeText));
