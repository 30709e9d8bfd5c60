/** Plays a scenario on a simulated cluster, step by step, and says where it fails. */

import type { NodeId } from '@quorate/core';
import { calm, recover } from '../chaos/recovery.ts';
import type { Store } from '../chaos/store.ts';
import { World } from '../chaos/world.ts';
import type { Cluster } from '../cluster.ts';
import { reasonOf } from '../reason-of.ts';
import type { MakeCore } from '../server.ts';
import { VirtualTime } from '../virtual-time.ts';
import type { Action } from './action.ts';
import { Hand } from './hand.ts';
import { type ParsedScenario, printStep, type Step } from './scenario.ts';
import { printMessage } from './selector.ts';
import { planOf, type Setup, storedLogsOf } from './setup.ts';
import { performStatement } from './statement.ts';
import { Witness } from './witness.ts';

/** A step did not go as written. The message begins with file, line and step; the cause says why. */
export class ScenarioFailure extends Error {
  override readonly name = 'ScenarioFailure';
  /** The virtual time, in milliseconds. */
  readonly at: number;

  constructor(message: string, at: number, cause: unknown) {
    super(message, { cause });
    this.at = at;
  }
}

export interface PlayOptions {
  /** What the messages of failures call the file. */
  readonly file: string;
  /** The protocol core of every server. @default the real one */
  readonly makeCore?: MakeCore | undefined;
}

/**
 * @returns The digest of everything that happened, as in a random run's report.
 * @throws {ScenarioFailure} at the first step that does not go as written.
 */
export async function playScenario(
  { scenario, lines }: ParsedScenario,
  { file, makeCore }: PlayOptions,
): Promise<string> {
  const { setup, steps } = scenario;
  const run = new ScenarioRun(setup, makeCore);
  let at = 0;
  try {
    await run.time.run(async () => {
      for (; at < steps.length; at++) {
        await run.take(steps[at]!);
        if (steps[at + 1]?.kind !== 'and') await run.pass(0);
      }
      run.end();
    });
    return run.digest;
  } catch (cause) {
    const step = steps[at];
    const where = step === undefined ? 'at the end' : `${lines[at]}: ${printStep(step)}`;
    const message = `${file}:${where}\n  ${reasonOf(cause)}\n${run.describe()}`;
    throw new ScenarioFailure(message, run.time.now(), cause);
  }
}

export class ScenarioRun {
  readonly time = new VirtualTime();
  readonly cluster: Cluster;
  readonly witness = new Witness();
  readonly hand: Hand;
  readonly #world: World;
  #refusal: string | undefined;
  #mindsRefusals = true;

  constructor(setup: Setup, makeCore: MakeCore | undefined) {
    this.#world = new World(this.time, planOf(setup), {
      observers: [this.witness],
      stored: storedLogsOf(setup),
      makeCore,
    });
    this.cluster = this.#world.cluster;
    this.hand = new Hand(this.time, this.cluster, this.witness);
  }

  async take(step: Step): Promise<void> {
    if (step.kind === 'remark') return;
    if (step.kind !== 'expect') this.#expectNoRefusal();
    await performStatement(this, step);
  }

  /** @throws unless all that was refused was to be refused, and all that clients saw agrees. */
  end(): void {
    this.#expectNoRefusal();
    this.#world.expectLinearizable();
  }

  get digest(): string {
    return this.#world.digest.value;
  }

  /** @param instead What is the case instead of what was expected; undefined if all is well. */
  expect(instead: string | undefined): void {
    if (instead !== undefined) throw new Error(instead);
    this.#expectNoRefusal();
  }

  act(action: Action): void {
    const outcome = this.#world.do(action);
    if (outcome.kind !== 'done' && this.#mindsRefusals) this.#refusal = outcome.reason;
  }

  neverMindRefusals(): void {
    this.#mindsRefusals = false;
  }

  /** Why the action just before was refused. To ask is to expect it. */
  takeRefusal(): string | undefined {
    const refusal = this.#refusal;
    this.#refusal = undefined;
    return refusal;
  }

  /** What its state machine has under a key; empty for nothing. */
  valueAt(id: NodeId, key: string): string {
    return (this.cluster.get(id).service as Store).get(key);
  }

  /** Of linearizable reads of this key, in the order of asking. */
  answersOf(key: string): readonly string[] {
    return this.#world.clients.history.answersOf(key);
  }

  pass(ms: number, isEnough?: () => boolean): Promise<void> {
    return this.passUntil(this.time.now() + ms, isEnough);
  }

  passUntil(at: number, isEnough?: () => boolean): Promise<void> {
    if (at < this.time.now()) throw new Error(`it is ${this.time.now()} ms already`);
    return this.time.pass(at, isEnough);
  }

  calm(): void {
    calm(this.#world);
  }

  async recover(): Promise<void> {
    await recover(this.#world);
  }

  /** Each server, and what is in flight. */
  describe(): string {
    const { ids, network } = this.cluster;
    const servers = ids.map((id) => {
      const status = this.cluster.find(id)?.status();
      if (status === undefined) return `  ${id} is down`;
      const { role, term, votedFor, lastIndex, commitIndex, appliedIndex } = status;
      return `  ${id} ${role} term ${term} vote ${votedFor ?? 'nobody'} last ${lastIndex} commit ${commitIndex} applied ${appliedIndex}`;
    });
    const held = network.held.map(({ message }) => `  in flight ${printMessage(message)}`);
    return [`at ${this.time.now()} ms`, ...servers, ...held].join('\n');
  }

  #expectNoRefusal(): void {
    if (this.#refusal === undefined) return;
    throw new Error(`the action before was refused: ${this.#refusal}`);
  }
}
