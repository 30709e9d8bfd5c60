/** A whole Raft cluster in one thread and virtual time, and the MIT lab's tests on it. */
export { unreachedIn } from './chaos/coverage.ts';
export type { ChaosPlan } from './chaos/plan.ts';
export {
  ChaosFailure,
  type ChaosOptions,
  type ChaosReport,
  type Recording,
  replayChaos,
  rerunLine,
  runChaos,
} from './chaos/run.ts';
export { LAB_TESTS, labTestsNamed } from './lab/catalog.ts';
export { type Comparison, compareBytes, compareCalls, FIGURES_TO_BEAT } from './lab/figures.ts';
export { meanOf } from './lab/report.ts';
export { failedRun, runInVirtualTime } from './lab/run.ts';
export type { LabPart, LabReport, LabTest } from './lab/test-case.ts';
export { NotLinearizable, timelineOf } from './linearizable.ts';
export { type Action, parseAction, printAction } from './scenario/action.ts';
export { type PlayOptions, playScenario, ScenarioFailure, ScenarioRun } from './scenario/run.ts';
export {
  type ParsedScenario,
  parseScenario,
  printScenario,
  printStep,
  type Scenario,
  ScenarioSyntaxError,
  type Step,
} from './scenario/scenario.ts';
export {
  type SmallFailure,
  type SmallFailureOptions,
  smallFailureOf,
} from './scenario/small-failure.ts';
export type { Task, Time, Timer } from './time.ts';
export { CHANGES, type ChangedTrace, changedTrace } from './tla/changed-trace.ts';
export { DEFAULT_TLA_LINES, runForTla, type TlaRun } from './tla/run.ts';
export { UnsupportedError } from './tla/text/errors.ts';
export {
  type Following,
  type FollowOptions,
  followTrace,
  type Refusal,
} from './tla/text/follow.ts';
export { readSpecification, type Specification } from './tla/text/specification.ts';
export { describeRefusal, type Verdicts, verdictsOn } from './tla/text/verdicts.ts';
export { VirtualTime } from './virtual-time.ts';
