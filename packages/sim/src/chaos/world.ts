/** A cluster with its clients and with all who watch it: what random runs and their replays share. */

import type { Milliseconds, NodeId, TraceEvent } from '@quorate/core';
import { Cluster } from '../cluster.ts';
import { between } from '../dice.ts';
import { unevenDisk } from '../disk-behaviour.ts';
import { faultyNetwork } from '../network-behaviour.ts';
import {
  type Action,
  type Outcome,
  perform,
  QUICK_DISK,
  QUIET_NETWORK,
} from '../scenario/action.ts';
import type { MakeCore, ServerObserver } from '../server.ts';
import type { StoredLog } from '../stored-log.ts';
import type { VirtualTime } from '../virtual-time.ts';
import { Coverage } from './coverage.ts';
import { Digest } from './digest.ts';
import { HistoryClients } from './history-clients.ts';
import type { ChaosPlan } from './plan.ts';
import { RecordOfApplied } from './record-of-applied.ts';
import { Store } from './store.ts';

/** An action, and when it was done. */
export interface TimedAction {
  readonly at: number;
  readonly action: Action;
}

/** Who watches a run. */
export interface Watchers {
  readonly observers?: readonly ServerObserver[];
  /** Told of each action before it is done. */
  readonly onAction?: (timed: TimedAction) => void;
  /** Told of what the servers decide, and when. */
  readonly onTrace?: (at: Milliseconds, event: TraceEvent) => void;
}

/** What is not usual about a run. */
export interface WorldOptions extends Watchers {
  /** What the disks of some servers hold at the beginning. @default nothing */
  readonly stored?: ReadonlyMap<NodeId, StoredLog> | undefined;
  /** @default the real one */
  readonly makeCore?: MakeCore | undefined;
}

/** Steps that the search for an order of the clients' operations may take: a second or so. */
const MAX_CHECK_STEPS = 2_000_000;

export class World {
  readonly time: VirtualTime;
  readonly plan: ChaosPlan;
  readonly cluster: Cluster;
  readonly clients: HistoryClients;
  readonly record: RecordOfApplied;
  readonly coverage = new Coverage();
  readonly digest: Digest;
  /** Everything that was done so far. */
  readonly done: TimedAction[] = [];
  /** Told of what the servers decide, by whoever draws what goes wrong next. */
  onDecision: (event: TraceEvent) => void = () => {};
  readonly #onAction: (timed: TimedAction) => void;

  constructor(time: VirtualTime, plan: ChaosPlan, options: WorldOptions) {
    const { observers = [], onAction = () => {}, onTrace = () => {}, stored, makeCore } = options;
    this.time = time;
    this.plan = plan;
    this.#onAction = onAction;
    this.digest = new Digest(time);
    this.record = new RecordOfApplied(time);
    this.clients = new HistoryClients(
      time,
      this.record,
      () => this.cluster.properties.committedIndex,
      (what) => this.#note(what),
    );
    this.cluster = new Cluster({
      time,
      seed: plan.diceSeed,
      size: plan.size,
      options: plan.options,
      network: faultyNetwork(QUIET_NETWORK),
      makeService: (server) =>
        new Store(server, plan.snapshotEvery, this.record, (what) => this.#note(what)),
      writeDuration: unevenDisk(QUICK_DISK),
      applyDuration: (random) => between(random, 0, plan.maxApplyMs),
      keepEntries: plan.keepEntries,
      snapshotChunkBytes: plan.snapshotChunkBytes,
      onTransfer: (event) => this.#note(`snapshot transfer ${event}`),
      onEcho: (kind) => this.#note(`echoed ${kind}`),
      tellsLoss: plan.tellsLoss,
      watch: (event) => {
        onTrace(time.now(), event);
        this.onDecision(event);
      },
      observers: [this.digest, this.coverage, ...observers],
      clients: this.clients,
      stored,
      makeCore,
      onMishap: (mishap) => {
        const detail = mishap.kind === 'ended' ? `: ${mishap.reason}` : '';
        this.#note(`${mishap.kind}${detail}`);
      },
    });
  }

  do(action: Action): Outcome {
    const timed = { at: this.time.now(), action };
    this.done.push(timed);
    this.#onAction(timed);
    const outcome = perform(this.cluster, action);
    this.coverage.count(`action ${action.kind}`);
    if (outcome.kind === 'refused')
      this.coverage.count(`${action.kind} refused: ${outcome.reason}`);
    // What it does is seen in what follows.
    this.digest.addText(action.kind);
    return outcome;
  }

  /** All that clients saw so far. @throws {PropertyViolation} */
  expectLinearizable(): void {
    this.clients.history.expectLinearizable(MAX_CHECK_STEPS);
  }

  #note(what: string): void {
    this.coverage.count(what);
    this.digest.addText(what);
  }
}
