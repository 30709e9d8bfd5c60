/**
 * What the clients of a random run saw. Afterwards the checker looks for an order of their operations
 * that explains every answer.
 */

import type { KeyValueInput, KeyValueOutput, Operation } from '@quorate/check';
import type { LogIndex, Milliseconds, NodeId } from '@quorate/core';
import { expectLinearizable } from '../linearizable.ts';
import type { Time } from '../time.ts';
import { PropertyViolation } from '../violation.ts';
import type { RecordOfApplied } from './record-of-applied.ts';

/** What became of an operation. */
type Ending =
  /** Nobody knows: it may have taken effect, may yet, or never will. */
  | { readonly kind: 'open' }
  | { readonly kind: 'answered'; readonly output: string; readonly at: Milliseconds }
  /** It certainly took no effect: another entry stands where it stood, or it was a read. */
  | { readonly kind: 'void' };

/** One operation, however often it was proposed. */
export interface Asked {
  readonly client: number;
  readonly input: KeyValueInput;
  readonly calledAt: Milliseconds;
  ending: Ending;
}

export class History {
  readonly #time: Time;
  readonly #record: RecordOfApplied;
  readonly #note: (what: string) => void;
  readonly #operations: Asked[] = [];

  /** @param note Told what the checker found, in words. */
  constructor(time: Time, record: RecordOfApplied, note: (what: string) => void) {
    this.#time = time;
    this.#record = record;
    this.#note = note;
  }

  get answered(): number {
    return this.#operations.filter(({ ending }) => ending.kind === 'answered').length;
  }

  get asked(): number {
    return this.#operations.length;
  }

  /** Something was asked of this server, now. */
  add(client: NodeId, input: KeyValueInput): Asked {
    const calledAt = this.#time.now();
    const operation: Asked = { client, input, calledAt, ending: { kind: 'open' } };
    this.#operations.push(operation);
    return operation;
  }

  answer(operation: Asked, output: string): void {
    operation.ending = { kind: 'answered', output, at: this.#time.now() };
  }

  /** What reads of this key were answered, in the order of asking. */
  answersOf(key: string): readonly string[] {
    return this.#operations.flatMap(({ input, ending }) => {
      const isAnswer = input.kind === 'get' && input.key === key && ending.kind === 'answered';
      return isAnswer ? [ending.output] : [];
    });
  }

  /** @throws {NotLinearizable} unless some order of the operations is found that explains every answer. */
  expectLinearizable(maxSteps: number): void {
    for (const operation of this.#operations) this.#expectVoid(operation);
    expectLinearizable(
      this.#operations.flatMap((operation) => this.#entriesOf(operation)),
      maxSteps,
    );
    this.#note('history linearizable');
  }

  /** Every write that was answered before then stands before entry `index`. */
  expectKept(before: Milliseconds, index: LogIndex): void {
    for (const { input, ending } of this.#operations) {
      if (ending.kind !== 'answered' || ending.at > before || input.kind === 'get') continue;
      const stands = this.#record.indexOf(commandOf(input));
      if (stands !== undefined && stands < index) continue;
      throw new PropertyViolation(
        'nothingIsLost',
        `"${commandOf(input)}" was answered and stands at ${stands}, not before entry ${index}`,
      );
    }
  }

  /**
   * As the checker reads it. Nobody heard of what is open; but whatever a state machine was given was
   * committed, and every read that is asked for later owes it. What was never applied explains nothing.
   */
  #entriesOf(asked: Asked): Operation<KeyValueInput, KeyValueOutput>[] {
    const { client, input, calledAt, ending } = asked;
    switch (ending.kind) {
      case 'void':
        return [];
      case 'open': {
        if (input.kind === 'get') return [];
        const effect = this.#record.effectOf(commandOf(input));
        if (effect?.reply.kind !== 'applied') return [];
        const { output } = effect.reply;
        return [{ kind: 'completed', client, input, output, calledAt, returnedAt: effect.at }];
      }
      case 'answered': {
        const { output, at: returnedAt } = ending;
        return [{ kind: 'completed', client, input, output, calledAt, returnedAt }];
      }
    }
  }

  #expectVoid({ input, ending }: Asked): void {
    if (ending.kind !== 'void' || input.kind === 'get') return;
    const stands = this.#record.indexOf(commandOf(input));
    if (stands === undefined) return;
    throw new PropertyViolation(
      'refusedIsNotDone',
      `"${commandOf(input)}" was refused or lost, and took effect as entry ${stands}`,
    );
  }
}

const commandOf = ({ kind, key, value }: Exclude<KeyValueInput, { kind: 'get' }>): string =>
  `${kind}:${key}:${value}`;
