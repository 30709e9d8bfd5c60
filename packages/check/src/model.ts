import type { Act } from './acts.ts';
import type { Witness } from './evidence.ts';
import type { Operation } from './history.ts';

/**
 * What a service does when one client uses it at a time. A history is linearizable if some order of
 * its operations, true to the clock wherever two do not overlap, gets the same answers from this.
 *
 * States are values: `step` must not change the state it is given.
 */
export interface Model<State, Input, Output> {
  /**
   * Given all inputs, tells for each of them its partition. Operations of different partitions never
   * touch common state, and are checked apart. This is what makes long histories cheap
   * (linearizability is local: Herlihy and Wing 1990, §3.1). A model whose operations may touch
   * anything answers the same for all.
   */
  partitionOf(inputs: readonly Input[]): (input: Input) => string;

  /** The state at the beginning of each partition. */
  initial(): State;

  /** The one possible answer to `input` in `state`, and the state after it. */
  step(state: State, input: Input): Step<State, Output>;

  /**
   * Different for different states: how the search knows a state again. The fewer equal states differ
   * in it, the less is tried twice. Compared only among states that began with one `initial()`.
   */
  fingerprint(state: State): string | number;

  isSameOutput(expected: Output, observed: Output): boolean;

  /**
   * What answers tell about other operations of the same partition, added to those: an output
   * nobody saw, a return of a pending operation, a later call or an earlier return; a return before
   * the call if no order is possible. Same operations, same order. It must follow from the history, so
   * that it changes no verdict; it saves the search from guessing.
   */
  learn?(operations: readonly Operation<Input, Output>[]): readonly Operation<Input, Output>[];

  /**
   * For each operation of a partition in turn, the ways in which it can have happened: one if it was answered,
   * or none if no state gives that answer; for a pending one those that change something. Where a
   * model has this, the order is found by ordering/, which copes with many operations that overlap.
   */
  acts?(operations: readonly Operation<Input, Output>[]): readonly (readonly Act[])[];

  /** What answers tell about the state. Without it the search has to guess more. */
  readonly witness?: Witness<State, Input, Output>;
}

export interface Step<State, Output> {
  readonly state: State;
  readonly output: Output;
}
