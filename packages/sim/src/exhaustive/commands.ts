import type { Batch, Payload } from '@quorate/core';

/** Commands that are numbers: the first that a client proposes is 0. */
export class NumberedCommands implements Payload {
  readonly numbers: readonly number[];

  constructor(numbers: readonly number[]) {
    this.numbers = numbers;
  }

  get count(): number {
    return this.numbers.length;
  }

  get byteLength(): number {
    return 8 * this.count;
  }

  slice(from: number, to: number): NumberedCommands {
    return new NumberedCommands(this.numbers.slice(from, to));
  }
}

/** One name for each entry: its term, and its command as a letter, or `-` for none. */
export function entryNames(batches: readonly Batch[]): string[] {
  return batches.flatMap((batch) => {
    if (batch.kind !== 'commands') return [`${batch.term}-`];
    const { numbers } = batch.payload as NumberedCommands;
    return numbers.map((number) => `${batch.term}${letterOf(number)}`);
  });
}

export const letterOf = (command: number): string => String.fromCharCode(97 + command);
