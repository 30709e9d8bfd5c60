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
import type { Course, Specification } from './specification.ts';
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
    const { event, because } = follower.refusalOf(error);
    return { kind: 'refused', line: events[event - 1]?.line ?? 1, because };
  }
  const { states, widest } = follower;
  return { kind: 'accepted', states, widest };
}

function parseLine(text: string, line: number): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new SyntaxError(`line ${line} is no JSON: ${(error as Error).message}`);
  }
}

class Refused extends Error {
  readonly because: Refusal;
  readonly event: number;

  constructor(because: Refusal, event: number) {
    super(because.kind);
    this.because = because;
    this.event = event;
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

  /** What was thrown, if it says that the trace is refused. */
  refusalOf(error: unknown): { readonly event: number; readonly because: Refusal } {
    if (error instanceof Refused) return error;
    if (!(error instanceof EvaluationError)) throw error;
    return { event: this.#next, because: { kind: 'error', message: error.message } };
  }

  run(): void {
    const { assumptions, course } = this.#specification;
    for (const assumption of assumptions) {
      if (this.#evaluator.isTrue(assumption, undefined, STATELESS)) continue;
      throw new EvaluationError('an ASSUME is not true of the trace');
    }
    const { length } = asSequence(this.#evaluator.evaluate(TRACE, undefined, STATELESS));
    const seen = new Set<string>();
    const first = initialStates(this.#evaluator, course.initial);
    for (const state of first) {
      this.#demandWhole(state);
      this.#demandFirst(state);
    }
    let front = this.#newOf(first, seen);
    while (front.length > 0) {
      this.widest = Math.max(this.widest, front.length);
      for (const state of front) this.#visit(state);
      this.#onLine(this.#next - 1, length);
      const after = front.flatMap((state) => this.#after(state));
      front = this.#newOf(after, seen);
    }
    if (this.#next <= length) throw new Refused({ kind: 'no action fits' }, this.#next);
  }

  #demandFirst(now: State): void {
    for (const [name, { initial }] of this.#courses) {
      if (this.#evaluator.isTrue(initial, undefined, { now, next: [] })) continue;
      throw new Refused({ kind: 'property', name }, this.#next);
    }
  }

  #after(now: State): State[] {
    const states = nextStates(this.#evaluator, this.#specification.course.next, now);
    for (const next of states) {
      this.#demandWhole(next);
      for (const [name, course] of this.#courses) {
        if (this.#isStep(course, { now, next })) continue;
        throw new Refused({ kind: 'property', name }, this.#next);
      }
    }
    return states;
  }

  #isStep({ next: action, variables }: Course, step: Step): boolean {
    const slots = this.#evaluator.slotsOf(variables);
    const isStill = slots.every((slot) => step.now[slot] === step.next[slot]);
    return isStill || this.#evaluator.isTrue(action, undefined, step);
  }

  /** Those that the view has not shown before. */
  #newOf(states: readonly State[], seen: Set<string>): State[] {
    return states.filter((state) => {
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

  #visit(now: State): void {
    const step = { now, next: [] };
    this.states += 1;
    const next = asNumber(this.#evaluator.evaluate(LINE, undefined, step));
    this.#next = Math.max(this.#next, next);
    for (const [name, invariant] of this.#specification.invariants) {
      const read = this.#readBy(invariant, now);
      if (this.#held.get(name) === read) continue;
      if (!this.#evaluator.isTrue(invariant, undefined, step)) {
        throw new Refused({ kind: 'invariant', name }, Math.max(1, next - 1));
      }
      this.#held.set(name, read);
    }
  }

  /** The values that it depends on. */
  #readBy(invariant: Expression, now: State): string {
    const { variables } = this.#evaluator.dependencies.of(invariant);
    return this.#specification.variables
      .map((name, slot) => (variables.has(name) ? keyOf(now[slot]!) : ''))
      .join();
  }
}
