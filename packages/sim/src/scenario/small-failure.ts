/** A random run that failed becomes a scenario of a few lines that fails in the same way. */

import type { ChaosFailure } from '../chaos/run.ts';
import { reasonOf } from '../reason-of.ts';
import type { MakeCore } from '../server.ts';
import { PropertyViolation } from '../violation.ts';
import { type Course, courseOf, scenarioOf } from './course.ts';
import { playScenario, ScenarioFailure } from './run.ts';
import { printScenario, type Scenario } from './scenario.ts';
import { type Failure, shrink } from './shrink.ts';

export interface SmallFailure {
  /** The file's text. */
  readonly text: string;
  /** In how many actions it failed at first, and in how many it fails now. */
  readonly fromActions: number;
  readonly toActions: number;
  readonly runs: number;
}

export interface SmallFailureOptions {
  /** How to run the same seed again, for the file's header. */
  readonly rerun: string;
  /** Runs that may be spent on it. @default 500 */
  readonly maxRuns?: number;
  /** @default the real one */
  readonly makeCore?: MakeCore | undefined;
}

const DEFAULT_MAX_RUNS = 500;

/** @returns undefined if the run does not fail when its actions alone are done again. */
export async function smallFailureOf(
  { recording }: ChaosFailure,
  { rerun, maxRuns = DEFAULT_MAX_RUNS, makeCore }: SmallFailureOptions,
): Promise<SmallFailure | undefined> {
  const whole = courseOf(recording);
  const play = (course: Course) => failureIn(scenarioOf(course, UNNAMED), makeCore);
  const shrunk = await shrink(whole, play, maxRuns);
  if (shrunk === undefined) return undefined;
  const { course, failure, runs } = shrunk;
  const scenario = scenarioOf(course, {
    title: `A random run that fails: ${failure.of}`,
    teaches: failure.message.replaceAll(/\s+/g, ' '),
    sources: [rerun],
  });
  return {
    text: printScenario(scenario),
    fromActions: whole.actions.length,
    toActions: course.actions.length,
    runs,
  };
}

const UNNAMED = { title: 'a run', teaches: 'nothing yet', sources: ['nowhere'] };

async function failureIn(
  scenario: Scenario,
  makeCore: MakeCore | undefined,
): Promise<Failure | undefined> {
  try {
    await playScenario({ scenario, lines: [] }, { file: 'shrinking', makeCore });
    return undefined;
  } catch (error) {
    if (!(error instanceof ScenarioFailure)) throw error;
    const { cause, at } = error;
    return { of: kindOfFailure(cause), message: reasonOf(cause), at };
  }
}

/** In words that runs share which fail for the same reason. */
function kindOfFailure(cause: unknown): string {
  if (cause instanceof PropertyViolation) return cause.property;
  if (!(cause instanceof Error)) return String(cause);
  // An invariant of the core says which rule is broken.
  if ('rule' in cause) return String(cause.rule);
  return cause.name === 'Error' ? cause.message.replaceAll(/\d+/g, 'N').slice(0, 100) : cause.name;
}
