/**
 * The clients of a random run, and what they saw. Afterwards the checker looks for an order of their
 * operations that explains every answer.
 */

import {
  checkLinearizability,
  type KeyValueInput,
  type KeyValueOutput,
  keyValueModel,
  type Operation,
} from '@quorate/check';
import type { LogIndex, Milliseconds, Term } from '@quorate/core';
import { CommandSlab } from '@quorate/wire';
import type { Clients } from '../clients.ts';
import type { Outcome } from '../scenario/action.ts';
import type { Server } from '../server.ts';
import type { Time } from '../time.ts';
import { PropertyViolation } from '../violation.ts';
import type { RecordOfApplied } from './record-of-applied.ts';
import { encodeText, inputOf, type Store } from './store.ts';

const DONE: Outcome = { kind: 'done' };

/** What became of an operation. */
type Ending =
  /** Nobody knows: it may have taken effect, may yet, or never will. */
  | { readonly kind: 'open' }
  | { readonly kind: 'answered'; readonly output: string; readonly at: Milliseconds }
  /** It certainly took no effect: another entry stands where it stood, or it was a read. */
  | { readonly kind: 'void' };

interface Asked {
  readonly client: number;
  readonly input: KeyValueInput;
  readonly calledAt: Milliseconds;
  ending: Ending;
}

export class HistoryClients implements Clients {
  readonly #time: Time;
  readonly #record: RecordOfApplied;
  readonly #note: (what: string) => void;
  readonly #committedIndex: () => LogIndex;
  readonly #operations: Asked[] = [];
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
    this.#time = time;
    this.#record = record;
    this.#committedIndex = committedIndex;
    this.#note = note;
  }

  get answered(): number {
    return this.#operations.filter(({ ending }) => ending.kind === 'answered').length;
  }

  get asked(): number {
    return this.#operations.length;
  }

  /** What reads of this key were answered, in the order of asking. */
  answersOf(key: string): readonly string[] {
    return this.#operations.flatMap(({ input, ending }) => {
      const isAnswer = input.kind === 'get' && input.key === key && ending.kind === 'answered';
      return isAnswer ? [ending.output] : [];
    });
  }

  propose(server: Server, commands: readonly string[]): Outcome {
    const proposed = server.propose(slabOf(commands));
    if (proposed.kind === 'refused') {
      this.#note(`proposal refused: ${proposed.reason}`);
      return proposed;
    }
    const operations = this.#begin(server, commands);
    this.#await(server, operations, proposed.firstIndex, proposed.term);
    return DONE;
  }

  forward(server: Server, commands: readonly string[]): Outcome {
    const operations = this.#begin(server, commands);
    server.forward(this.#question(), slabOf(commands), (result) => {
      this.#note(`forwarded: ${result.kind}`);
      if (result.kind === 'appended') {
        this.#await(server, operations, result.firstIndex, result.term);
      } else {
        for (const operation of operations) operation.ending = { kind: 'void' };
      }
    });
    return DONE;
  }

  read(server: Server, key: string, onAnswer: () => void = () => {}): Outcome {
    const operation = this.#add(server, { kind: 'get', key });
    const committed = this.#committedIndex();
    server.read(this.#question(), (result) => {
      this.#note(`read ${result.kind}`);
      if (result.kind === 'dropped') {
        operation.ending = { kind: 'void' };
        return;
      }
      expectFresh(server, result.readIndex, committed);
      server.whenApplied(result.readIndex, () => {
        this.#answer(operation, (server.service as Store).get(key));
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

  /** @throws {PropertyViolation} unless some order of the operations explains every answer. */
  expectLinearizable(maxSteps: number): void {
    const history = this.#operations.flatMap(historyOf);
    const verdict = checkLinearizability(keyValueModel, history, { maxSteps });
    this.#note(`history ${verdict.kind}`);
    if (verdict.kind !== 'illegal') return;
    const window = verdict.window.map((operation) => JSON.stringify(operation)).join('\n  ');
    throw new PropertyViolation('linearizable', `these contradict each other:\n  ${window}`);
  }

  /** Every write that was answered before then stands before entry `index`. */
  expectKept(before: Milliseconds, index: LogIndex): void {
    for (const { input, ending } of this.#operations) {
      if (ending.kind !== 'answered' || ending.at > before || input.kind === 'get') continue;
      const stands = this.#record.indexOf(`${input.kind}:${input.key}:${input.value}`);
      if (stands !== undefined && stands < index) continue;
      throw new PropertyViolation(
        'nothingIsLost',
        `"${input.kind} ${input.key} ${input.value}" was answered and stands at ${stands}, ` +
          `not before entry ${index}`,
      );
    }
  }

  #begin(server: Server, commands: readonly string[]): Asked[] {
    return commands.map((command) => this.#add(server, inputOf(command)));
  }

  #add({ id }: Server, input: KeyValueInput): Asked {
    const calledAt = this.#time.now();
    const operation: Asked = { client: id, input, calledAt, ending: { kind: 'open' } };
    this.#operations.push(operation);
    return operation;
  }

  /** Answers once the server has applied what stands at these indexes. */
  #await(server: Server, operations: Asked[], firstIndex: LogIndex, term: Term): void {
    for (const [position, operation] of operations.entries()) {
      const index = (firstIndex + position) as LogIndex;
      server.whenApplied(index, () => {
        const entry = this.#record.at(index);
        if (entry?.term === term) this.#answer(operation, entry.output);
        else {
          this.#note('proposal overwritten');
          operation.ending = { kind: 'void' };
        }
      });
    }
  }

  #answer(operation: Asked, output: string): void {
    operation.ending = { kind: 'answered', output, at: this.#time.now() };
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

function historyOf(asked: Asked): Operation<KeyValueInput, KeyValueOutput>[] {
  const { client, input, calledAt, ending } = asked;
  switch (ending.kind) {
    case 'void':
      return [];
    case 'open':
      return input.kind === 'get' ? [] : [{ kind: 'pending', client, input, calledAt }];
    case 'answered': {
      const { output, at: returnedAt } = ending;
      return [{ kind: 'completed', client, input, output, calledAt, returnedAt }];
    }
  }
}

const slabOf = (commands: readonly string[]): CommandSlab =>
  CommandSlab.of(...commands.map(encodeText));
