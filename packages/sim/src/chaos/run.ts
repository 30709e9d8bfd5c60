/**
 * A cluster under random faults, all drawn from one seed, with clients and operators asking all the
 * time. After every step the properties are checked, in the end the clients' history is, and then the
 * cluster must recover.
 */

import { type Milliseconds, seededRandom } from '@quorate/core';
import { seedFrom } from '../dice.ts';
import { reasonOf } from '../reason-of.ts';
import { sleep } from '../time.ts';
import { VirtualTime } from '../virtual-time.ts';
import { Drawing } from './drawing.ts';
import { type ChaosPlan, type ClockPlan, drawPlan } from './plan.ts';
import { calm, recover } from './recovery.ts';
import { type TimedAction, type Watchers, World, type WorldOptions } from './world.ts';

export interface ChaosReport {
  readonly seed: number;
  readonly size: number;
  readonly plan: ChaosPlan;
  /** Virtual time, until the faults stopped and in all. */
  readonly faultsMs: Milliseconds;
  readonly totalMs: Milliseconds;
  /** From the end of the faults until the cluster was whole. */
  readonly recoveryMs: Milliseconds;
  readonly electionTimeoutMs: Milliseconds;
  /** Clients' operations, and those of them that were answered. */
  readonly asked: number;
  readonly answered: number;
  /** Entries that were committed. */
  readonly entries: number;
  /** Of all that happened, with its time: the same for the same seed, on every machine. */
  readonly digest: string;
  /** How often each action was done, each rule of the core was reached, and so on, by name. */
  readonly reached: Readonly<Record<string, number>>;
}

export interface ChaosOptions extends WorldOptions {
  /** How many times as long as usual the faults last. @default 1 */
  readonly scale?: number;
  /** Servers at the beginning. @default as drawn, 1 to 9. */
  readonly servers?: number;
  /** @default within the bound under leases, which rely on it; else anyhow. */
  readonly clocks?: ClockPlan;
}

/** What is needed to do a run again, without the dice that drew it. */
export interface Recording {
  readonly plan: ChaosPlan;
  readonly actions: readonly TimedAction[];
}

/** A run failed; the message's last line reruns it. */
export class ChaosFailure extends Error {
  override readonly name = 'ChaosFailure';
  readonly recording: Recording;

  constructor(world: World, cause: unknown, rerun: string) {
    const at = `${world.plan.size} servers, ${world.time.now().toFixed(1)} ms`;
    super(`${reasonOf(cause)} (${at})\nrerun: ${rerun}`, { cause });
    this.recording = recordingOf(world);
  }
}

/** Runs one seed. @throws {ChaosFailure} */
export function runChaos(seed: number, options: ChaosOptions = {}): Promise<ChaosReport> {
  const { scale = 1, servers } = options;
  const random = seededRandom(seed);
  const drawn = drawPlan(random, seed, scale);
  const plan = { ...drawn, size: servers ?? drawn.size };
  const usualClocks = plan.options.leaseReads === true ? 'withinTheBound' : 'anyhow';
  const world = new World(new VirtualTime(), plan, options);
  const dice = seededRandom(seedFrom(random));
  const drawing = new Drawing(world, dice, options.clocks ?? usualClocks);
  return finish(world, () => drawing.begin(), rerunLine(seed, options));
}

/** The command that runs a seed again. */
export function rerunLine(seed: number, { scale = 1, servers }: ChaosOptions): string {
  const scaled = scale === 1 ? '' : ` --scale ${scale}`;
  const sized = servers === undefined ? '' : ` --servers ${servers}`;
  return `npm run sim -- --seed ${seed}${scaled}${sized}`;
}

/** Does a recorded run again. Of actions that were left out, the rest is done as before. */
export function replayChaos(
  { plan, actions }: Recording,
  watchers: Watchers = {},
): Promise<ChaosReport> {
  const world = new World(new VirtualTime(), plan, watchers);
  const begin = () => {
    for (const { at, action } of actions) {
      if (at === 0) world.do(action);
      else if (at < plan.faultsMs) world.time.after(at, () => world.do(action));
    }
  };
  return finish(world, begin, 'the recording');
}

async function finish(world: World, begin: () => void, rerun: string): Promise<ChaosReport> {
  const { time, plan } = world;
  try {
    return await time.run(async () => {
      // What follows at once has happened before whatever comes next, as it has between the steps of
      // a scenario.
      await time.pass(0);
      begin();
      await sleep(time, plan.faultsMs);
      calm(world);
      await time.pass(plan.faultsMs);
      const recoveryMs = await recover(world);
      await time.pass(time.now());
      world.expectLinearizable();
      return report(world, recoveryMs);
    });
  } catch (cause) {
    throw new ChaosFailure(world, cause, rerun);
  }
}

function report(world: World, recoveryMs: Milliseconds): ChaosReport {
  const { plan, time, record, digest, coverage } = world;
  const { history } = world.clients;
  return {
    seed: plan.seed,
    size: plan.size,
    plan,
    faultsMs: plan.faultsMs,
    totalMs: time.now(),
    recoveryMs,
    electionTimeoutMs: plan.options.electionTimeoutMs!,
    asked: history.asked,
    answered: history.answered,
    entries: record.lastIndex,
    digest: digest.value,
    reached: coverage.counts,
  };
}

const recordingOf = ({ plan, done }: World): Recording => ({ plan, actions: [...done] });
