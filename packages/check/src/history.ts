/** What clients saw: the input of the checker. */

/**
 * One call of one client. Times are in any unit and need only agree with each other: an operation
 * took effect at some moment between its call and its return, both included.
 */
export type Operation<Input, Output> = Completed<Input, Output> | Pending<Input>;

export interface Completed<Input, Output> {
  readonly kind: 'completed';
  readonly client: number;
  readonly input: Input;
  readonly output: Output;
  readonly calledAt: number;
  readonly returnedAt: number;
}

/** Never answered, or answered "outcome unknown". It took effect once, at any time since, or never. */
export interface Pending<Input> {
  readonly kind: 'pending';
  readonly client: number;
  readonly input: Input;
  readonly calledAt: number;
}

/** In any order. */
export type History<Input, Output> = readonly Operation<Input, Output>[];

/** Writes a history while it happens. What was begun and never finished stays pending. */
export class HistoryRecorder<Input, Output> {
  #operations: Operation<Input, Output>[] = [];

  /** Returns the handle for `returned`. */
  called(client: number, input: Input, now: number): number {
    this.#operations.push({ kind: 'pending', client, input, calledAt: now });
    return this.#operations.length - 1;
  }

  /** Not to be called when the answer leaves open whether the operation took effect. */
  returned(handle: number, output: Output, now: number): void {
    const operation = this.#operations[handle];
    if (operation?.kind !== 'pending') {
      throw new RangeError(`no operation with handle ${handle} is pending`);
    }
    const { client, input, calledAt } = operation;
    this.#operations[handle] = {
      kind: 'completed',
      client,
      input,
      output,
      calledAt,
      returnedAt: now,
    };
  }

  /** So far. */
  history(): History<Input, Output> {
    return [...this.#operations];
  }
}
