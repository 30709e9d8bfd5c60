/**
 * Makes a failing run small, so that a person can read it: fewer actions, fewer servers, fewer
 * settings, round times; whatever is left out without the failure changing.
 *
 * Actions are removed by delta debugging (Zeller and Hildebrandt, "Simplifying and isolating
 * failure-inducing input", 2002). Nothing is drawn, so the same run shrinks to the same one.
 */

import type { NodeId } from '@quorate/core';
import type { TimedAction } from '../chaos/world.ts';
import { type Course, serversIn } from './course.ts';

/** A run that fails: how, in words that smaller runs must share, and at which time. */
export interface Failure {
  readonly of: string;
  /** The whole story of this run. */
  readonly message: string;
  readonly at: number;
}

/** Runs it. Undefined if it does not fail. */
export type Play = (course: Course) => Promise<Failure | undefined>;

export interface Shrunk {
  readonly course: Course;
  readonly failure: Failure;
  /** Runs that it took. */
  readonly runs: number;
}

/** @returns undefined if the whole run does not fail when it is played. */
export async function shrink(
  whole: Course,
  play: Play,
  maxRuns: number,
): Promise<Shrunk | undefined> {
  const failure = await play(whole);
  if (failure === undefined) return undefined;
  const shrinker = new Shrinker(whole, failure, play, maxRuns);
  await shrinker.shrink();
  return shrinker;
}

/** To what numbers are rounded, the roundest first. */
const UNITS = [100, 10, 1];

const SHORT_GAPS_MS = [0, 10, 100, 1000, 2000];

class Shrinker implements Shrunk {
  readonly #play: Play;
  readonly #maxRuns: number;
  course: Course;
  failure: Failure;
  runs = 1;

  constructor(course: Course, failure: Failure, play: Play, maxRuns: number) {
    this.course = course;
    this.failure = failure;
    this.#play = play;
    this.#maxRuns = maxRuns;
  }

  async shrink(): Promise<void> {
    for (let before: Course | undefined; before !== this.course; ) {
      before = this.course;
      await this.#tryFirst([{ ...this.course, inOneGo: false }]);
      await this.#endSooner();
      await this.#removeKinds();
      await this.#removeActions();
      await this.#removeServers();
      await this.#simplifySettings();
      await this.#roundTimes();
      await this.#closeGaps();
      await this.#tryFirst([{ ...this.course, mayRefuse: false }]);
    }
  }

  /** No recovery, and nothing after the failure. */
  async #endSooner(): Promise<void> {
    const at = Math.ceil(this.failure.at);
    const { end, actions } = this.course;
    if (end.kind === 'nothing' && end.at <= at) return;
    const kept = actions.filter((action) => action.at <= at);
    await this.#tryFirst([{ ...this.course, actions: kept, end: { kind: 'nothing', at } }]);
  }

  /** All reads, all changes of clocks, and so on: the rest can often do without them. */
  async #removeKinds(): Promise<void> {
    for (const kind of new Set(this.course.actions.map(({ action }) => action.kind))) {
      const kept = this.course.actions.filter(({ action }) => action.kind !== kind);
      await this.#tryFirst([{ ...this.course, actions: kept }]);
    }
  }

  async #removeActions(): Promise<void> {
    let pieces = 2;
    while (this.course.actions.length > 0) {
      const { actions } = this.course;
      const size = Math.ceil(actions.length / pieces);
      const without = Array.from({ length: Math.ceil(actions.length / size) }, (_, piece) => ({
        ...this.course,
        actions: [...actions.slice(0, piece * size), ...actions.slice((piece + 1) * size)],
      }));
      if (await this.#tryFirst(without)) pieces = Math.max(pieces - 1, 2);
      else if (size === 1) return;
      else pieces = Math.min(pieces * 2, actions.length);
    }
  }

  async #removeServers(): Promise<void> {
    const { setup, actions } = this.course;
    const smaller = Array.from({ length: setup.size - 1 }, (_, at) => {
      const size = at + 1;
      const isThere = (id: NodeId) => id <= size || wasAdded(actions, id);
      const kept = actions.filter((action) => serversIn(action).every(isThere));
      return { ...this.course, setup: { ...setup, size }, actions: kept };
    });
    await this.#tryFirst(smaller);
  }

  /** What is not named is as usual. */
  async #simplifySettings(): Promise<void> {
    for (const part of ['options', 'world'] as const) {
      for (const name of Object.keys(this.course.setup[part])) {
        const { setup } = this.course;
        const changed = { ...setup, [part]: without(setup[part], name) };
        await this.#tryFirst([{ ...this.course, setup: changed }]);
      }
    }
    for (const position of this.course.actions.keys()) {
      const { action } = this.course.actions[position]!;
      if (!('settings' in action)) continue;
      for (const name of Object.keys(action.settings)) await this.#simplifySetting(position, name);
    }
  }

  /** As usual, or a round number. */
  async #simplifySetting(position: number, name: string): Promise<void> {
    const { actions } = this.course;
    const { at, action } = actions[position]!;
    if (!('settings' in action)) return;
    const { settings } = action;
    const simpler: object[] = [without(settings, name)];
    const value = settings[name as keyof typeof settings] as unknown;
    if (typeof value === 'number') {
      for (const unit of UNITS) {
        simpler.push({ ...settings, [name]: Math.round(value / unit) * unit });
      }
    }
    await this.#tryFirst(
      simpler.map((changed) => ({
        ...this.course,
        actions: actions.with(position, {
          at,
          action: { ...action, settings: changed },
        } as TimedAction),
      })),
    );
  }

  async #roundTimes(): Promise<void> {
    const { actions } = this.course;
    const rounded = UNITS.map((unit) => ({
      ...this.course,
      actions: actions.map(({ at, action }) => ({ at: Math.round(at / unit) * unit, action })),
    }));
    await this.#tryFirst(rounded.filter((candidate) => !isSame(candidate, this.course)));
  }

  /** Less time before an action, and all that follows as much sooner. */
  async #closeGaps(): Promise<void> {
    for (const position of this.course.actions.keys()) {
      const { actions, end } = this.course;
      const gap = actions[position]!.at - (actions[position - 1]?.at ?? 0);
      const sooner = SHORT_GAPS_MS.filter((ms) => ms < gap).map((ms) => {
        const by = gap - ms;
        const moved = actions.map(({ at, action }, other) => ({
          at: other < position ? at : at - by,
          action,
        }));
        return { ...this.course, actions: moved, end: { ...end, at: end.at - by } };
      });
      await this.#tryFirst(sooner);
    }
  }

  /** The first of them that fails in the same way is what to go on with. */
  async #tryFirst(candidates: readonly Course[]): Promise<boolean> {
    for (const candidate of candidates) {
      if (this.runs >= this.#maxRuns || isSame(candidate, this.course)) continue;
      this.runs += 1;
      const failure = await this.#play(candidate);
      if (failure?.of !== this.failure.of) continue;
      this.course = candidate;
      this.failure = failure;
      return true;
    }
    return false;
  }
}

const isSame = (a: Course, b: Course): boolean => JSON.stringify(a) === JSON.stringify(b);

const wasAdded = (actions: readonly TimedAction[], id: NodeId): boolean =>
  actions.some(({ action }) => action.kind === 'add' && action.server === id);

function without<Of extends object>(of: Of, name: string): Of {
  const kept = Object.entries(of).filter(([other]) => other !== name);
  return Object.fromEntries(kept) as Of;
}
