import type { Completed, Operation } from './history.ts';

/** The checker's answer. `steps` is what it took, in the unit of `CheckOptions.maxSteps`. */
export type Verdict<Input, Output> =
  | Linearizable<Input, Output>
  | Illegal<Input, Output>
  | OutOfBudget;

/** There is an order that explains every answer. */
export interface Linearizable<Input, Output> {
  readonly kind: 'linearizable';
  readonly steps: number;
  /** For each partition one such order. A pending operation is in it only if it took effect. */
  readonly orders: ReadonlyMap<string, readonly Operation<Input, Output>[]>;
}

/** There is none: proven by trying them all. */
export interface Illegal<Input, Output> {
  readonly kind: 'illegal';
  readonly steps: number;
  /** The first partition found to be at fault; others were not looked at. */
  readonly partition: string;
  /**
   * The operation that cannot be placed: up to the moment before its return the history can be
   * explained, and from then on it cannot.
   */
  readonly blocked: Completed<Input, Output>;
  /** An order that explains everything the partition's clients saw before `blocked` returned. */
  readonly longestPrefix: readonly Operation<Input, Output>[];
  /** What could have come next after `longestPrefix`, and what the model answers there. */
  readonly candidates: readonly Candidate<Input, Output>[];
  /**
   * The smallest failing window: the operations whose answers contradict each other, by time of
   * call. All other answers may be as good as lost, and still there is no order: each of those operations may
   * have taken effect, whatever it answered, or never; if the model has `acts`, between its call and its
   * return, otherwise at any time since its call. `blocked` is always among them.
   */
  readonly window: readonly Operation<Input, Output>[];
  /**
   * Proven that each operation of the window is needed: with its answer lost as well, there is an order.
   * And that no earlier return than that of `blocked` is at fault. False when the budget did not allow that.
   */
  readonly isMinimal: boolean;
}

export interface Candidate<Input, Output> {
  readonly operation: Operation<Input, Output>;
  /** The model's answer; differs from the operation's own unless a later one is then stuck. */
  readonly expected: Output;
}

/** Neither proven nor refuted within `maxSteps`. */
export interface OutOfBudget {
  readonly kind: 'outOfBudget';
  readonly steps: number;
  readonly partition: string;
}
