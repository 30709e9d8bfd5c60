import type { Batch, Configuration, Payload } from '@quorate/core';

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

/** One name for each entry: its term, and its command as a letter, its voters, or `-` for neither. */
export function entryNames(batches: readonly Batch[]): string[] {
  return batches.flatMap((batch) => {
    if (batch.kind === 'noop') return [`${batch.term}-`];
    if (batch.kind === 'configuration') return [`${batch.term}${votersName(batch.configuration)}`];
    const { numbers } = batch.payload as NumberedCommands;
    return numbers.map((number) => `${batch.term}${letterOf(number)}`);
  });
}

/** During a change the old ones come first. */
function votersName({ voters, outgoing }: Configuration): string {
  const old = outgoing.length > 0 ? `${outgoing.join('+')}>` : '';
  return `{${old}${voters.join('+')}}`;
}

export const letterOf = (command: number): string => String.fromCharCode(97 + command);
