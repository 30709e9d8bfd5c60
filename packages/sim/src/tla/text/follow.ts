/**
 * Follows a trace by a specification that reads it, such as etcd-io/raft's Traceetcdraft.tla: breadth
 * first from its first states, as TLC does, with every invariant in every state.
 *
 * Its variable `l` is the line that comes next and `TraceLog` what ndJsonDeserialize made of the trace.
 */

import { initialStates, nextStates } from './actions.ts';
import { EvaluationError } from './errors.ts';
import { Evaluator } from './evaluator.ts';
import type { State, Step } from './scope.ts';
import type { Specification } from './specification.ts';
import type { Expression } from './syntax.ts';
import { asNumber, asSequence, keyOf, Values } from './values.ts';

export type Following =
  | { readonly kind: 'accepted'; readonly states: number; readonly widest: number }
  /** `line` counts from 1, with the lines that are no events. */
  | { readonly kind: 'refused'; readonly line: number; readonly because: Refusal };

export type Refusal =
  | { readonly kind: 'no action fits' }
  | { readonly kind: 'invariant'; readonly name: string }
  /** A step that is none of this specification. */
  | { readonly kind: 'property'; readonly name: string }
  /** TLC would stop there with an error. */
  | { readonly kind: 'error'; readonly message: string };

const LINE: Expression = { kind: 'name', name: 'l' };
const TRACE: Expression = { kind: 'name', name: 'TraceLog' };
const STATELESS: Step = { now: [], next: [] };

export interface FollowOptions {
  /**
   * Whether each step is asked to be one of the courses in PROPERTIES as well. Off by default: with
   * etcd's text it takes a hundred times as long once a log has hundreds of entries.
   */
  readonly checkCourses?: boolean;
  /** Told how many events have been followed, now and then, and how many there are. */
  readonly onLine?: (followed: number, of: number) => void;
}

/**
 * @param lines NDJSON.
 * @throws {UnsupportedError} for what this reader of TLA+ cannot evaluate.
 * @throws {SyntaxError} for a line that is no JSON.
 */
export function followTrace(
  specification: Specification,
  lines: readonly string[],
  options: FollowOptions = {},
): Following {
  const texts = [...lines.entries()].filter(([, text]) => text.trim() !== '');
  const parsed = texts.map(([at, text]) => ({ line: at + 1, json: parseLine(text, at + 1) }));
  const events = parsed.filter(({ json }) => (json as { tag?: unknown } | null)?.tag === 'trace');
  const follower = new Follower(specification, parsed, options);
  try {
    follower.run();
  } catch (error) {
    if (!(error instanceof EvaluationError)) throw error;
    follower.refuse({ kind: 'error', message: error.message });
  }
  const { refusal, states, widest } = follower;
  if (refusal === undefined) return { kind: 'accepted', states, widest };
  return { kind: 'refused', line: events[refusal.event - 1]?.line ?? 1, because: refusal.because };
}

function parseLine(text: string, line: number): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new SyntaxError(`line ${line} is no JSON: ${(error as Error).message}`);
  }
}

class Follower {
  readonly #specification: Specification;
  readonly #evaluator: Evaluator;
  readonly #courses: Specification['courses'];
  readonly #onLine: (followed: number, of: number) => void;
  /** For each invariant, what it read when it held last. */
  readonly #held = new Map<string, string>();
  /** The event that comes next, in the state that has come furthest. */
  #next = 1;
  states = 0;
  /** Most states of one step. One, as TraceMatched demands, if the trace leaves nothing open. */
  widest = 0;
  refusal: { readonly event: number; readonly because: Refusal } | undefined;

  constructor(
    specification: Specification,
    parsed: readonly { readonly json: unknown }[],
    { checkCourses = false, onLine = () => {} }: FollowOptions,
  ) {
    this.#specification = specification;
    this.#courses = checkCourses ? specification.courses : new Map();
    this.#onLine = onLine;
    const values = new Values();
    this.#evaluator = new Evaluator(values, {
      ...specification,
      standard: {
        IOEnv: () => values.record({ JSON: 'the trace' }),
        ndJsonDeserialize: () => values.ofJson(parsed.map(({ json }) => json)),
      },
    });
  }

  refuse(because: Refusal, event = this.#next): void {
    this.refusal = { event, because };
  }

  run(): void {
    const { assumptions, course } = this.#specification;
    for (const assumption of assumptions) {
      if (this.#evaluator.isTrue(assumption, undefined, STATELESS)) continue;
      throw new EvaluationError('an ASSUME is not true of the trace');
    }
    const { length } = asSequence(this.#evaluator.evaluate(TRACE, undefined, STATELESS));
    const seen = new Set<string>();
    let front = this.#newOf(initialStates(this.#evaluator, course.initial), seen);
    for (const [name, { initial }] of this.#courses) {
      const isOne = (now: State) => this.#evaluator.isTrue(initial, undefined, { now, next: [] });
      if (!front.every(isOne)) {
        this.refuse({ kind: 'property', name });
        return;
      }
    }
    while (front.length > 0) {
      this.widest = Math.max(this.widest, front.length);
      for (const state of front) {
        if (!this.#visit(state)) return;
      }
      this.#onLine(this.#next - 1, length);
      const after: State[] = [];
      for (const state of front) {
        const states = nextStates(this.#evaluator, course.next, state);
        const strange = this.#strangeStep(state, states);
        if (strange !== undefined) {
          this.refuse({ kind: 'property', name: strange });
          return;
        }
        after.push(...states);
      }
      front = this.#newOf(after, seen);
    }
    if (this.#next <= length) this.refuse({ kind: 'no action fits' });
  }

  /** The course of which one of the steps is none. */
  #strangeStep(now: State, states: readonly State[]): string | undefined {
    for (const [name, { next: action, variables }] of this.#courses) {
      const slots = this.#evaluator.slotsOf(variables);
      for (const next of states) {
        this.#demandWhole(next);
        const isStill = slots.every((slot) => now[slot] === next[slot]);
        if (!isStill && !this.#evaluator.isTrue(action, undefined, { now, next })) return name;
      }
    }
    return undefined;
  }

  /** Those that the view has not shown before. */
  #newOf(states: readonly State[], seen: Set<string>): State[] {
    return states.filter((state) => {
      this.#demandWhole(state);
      const key = this.#viewOf(state);
      const isNew = !seen.has(key);
      seen.add(key);
      return isNew;
    });
  }

  #demandWhole(state: State): void {
    const { variables } = this.#specification;
    const open = variables.find((_name, slot) => state[slot] === undefined);
    if (open !== undefined) throw new EvaluationError(`${open} is given no value`);
  }

  #viewOf(now: State): string {
    const { view } = this.#specification;
    if (view === undefined) return now.map((value) => keyOf(value!)).join();
    return keyOf(this.#evaluator.evaluate(view, undefined, { now, next: [] }));
  }

  /** False where an invariant fails. */
  #visit(now: State): boolean {
    const step = { now, next: [] };
    this.states += 1;
    const next = asNumber(this.#evaluator.evaluate(LINE, undefined, step));
    this.#next = Math.max(this.#next, next);
    for (const [name, invariant] of this.#specification.invariants) {
      const read = this.#readBy(invariant, now);
      if (this.#held.get(name) === read) continue;
      if (!this.#evaluator.isTrue(invariant, undefined, step)) {
        this.refuse({ kind: 'invariant', name }, Math.max(1, next - 1));
        return false;
      }
      this.#held.set(name, read);
    }
    return true;
  }

  /** The values that it depends on. */
  #readBy(invariant: Expression, now: State): string {
    const { variables } = this.#evaluator.dependencies.of(invariant);
    return this.#specification.variables
      .map((name, slot) => (variables.has(name) ? keyOf(now[slot]!) : ''))
      .join();
  }
}
