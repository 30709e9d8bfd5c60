import type { Operation } from './history.ts';

/** The checker's answer. `steps` counts calls of `Model.step`, the unit of its budget. */
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
   * The operation that cannot be placed: every operation of the partition that returned earlier can
   * be explained in some order, and none of those orders has room for this one too. It may be
   * pending, when another operation's answer shows that it took effect.
   */
  readonly blocked: Operation<Input, Output>;
  /** The longest such order without `blocked`. */
  readonly longestPrefix: readonly Operation<Input, Output>[];
  /** What could have come next after `longestPrefix`, and what the model answers there. */
  readonly candidates: readonly Candidate<Input, Output>[];
  /**
   * Where to look: the operations from the last moment at which no completed operation was open up
   * to the return of `blocked`, by time of call.
   */
  readonly window: readonly Operation<Input, Output>[];
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
