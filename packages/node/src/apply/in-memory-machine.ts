import { INDEX_ZERO, type LogIndex } from '@quorate/core';
import { fromJson, toJson } from '../json.ts';
import type { CommittedCommands, StateMachine } from '../state-machine.ts';

/** A service as one function. See {@link inMemoryMachine}. */
export interface Reducer<State, Result> {
  /** A new state, as it is before the first command. */
  initial(): State;
  /**
   * The state after `command`, and what the caller of `propose` gets. Deterministic: no clock, no
   * dice, nothing from outside. May change `state` and return it. `command` is valid during the
   * call only: copy what is kept.
   */
  apply(state: State, command: Uint8Array): { readonly state: State; readonly result: Result };
  /** The whole state as bytes, for a snapshot. @default its JSON */
  encode?(state: State): Uint8Array;
  /** The inverse of `encode`. @default from JSON */
  decode?(bytes: Uint8Array): State;
}

export interface InMemoryMachine<State, Result> extends StateMachine<Result> {
  /** What has been applied on this server. Linearizable after `await node.read()`. */
  readonly state: State;
}

/**
 * A state machine that lives in memory, from a reducer. The runtime writes its snapshots, drops the
 * log behind them and restores them; after a restart the state is the last snapshot plus the log.
 *
 * A snapshot is encoded in one go, so this suits states of up to some ten megabytes. For more,
 * implement {@link StateMachine} and give the state out in chunks.
 */
export function inMemoryMachine<State, Result>(
  reducer: Reducer<State, Result>,
): InMemoryMachine<State, Result> {
  return new ReducerMachine(reducer);
}

class ReducerMachine<State, Result> implements InMemoryMachine<State, Result> {
  readonly #reducer: Reducer<State, Result>;
  #state: State;

  constructor(reducer: Reducer<State, Result>) {
    this.#reducer = reducer;
    this.#state = reducer.initial();
  }

  get state(): State {
    return this.#state;
  }

  /** Forgets what an earlier server has applied to it: all of that comes again. */
  open(): Promise<LogIndex> {
    this.#state = this.#reducer.initial();
    return Promise.resolve(INDEX_ZERO);
  }

  apply(batches: readonly CommittedCommands[]): readonly Result[] {
    const results: Result[] = [];
    for (const commands of batches) {
      for (const command of commands) {
        const { state, result } = this.#reducer.apply(this.#state, command);
        this.#state = state;
        results.push(result);
      }
    }
    return results;
  }

  snapshot(): AsyncIterable<Uint8Array> {
    // Encoded now and not when the first chunk is drawn: the reducer may change the state in place.
    const bytes = this.#reducer.encode?.(this.#state) ?? toJson(this.#state);
    return (async function* () {
      yield bytes;
    })();
  }

  async restore(_index: LogIndex, chunks: AsyncIterable<Uint8Array>): Promise<void> {
    const parts: Uint8Array[] = [];
    for await (const chunk of chunks) parts.push(chunk.slice());
    const bytes = Buffer.concat(parts);
    this.#state = this.#reducer.decode ? this.#reducer.decode(bytes) : fromJson(bytes);
  }
}
