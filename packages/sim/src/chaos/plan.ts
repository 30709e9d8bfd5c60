/** What a run is made of before anything happens, all of it drawn from its seed. Data, and no dice. */

import {
  DEFAULT_RAFT_OPTIONS,
  type Milliseconds,
  type RaftOptions,
  type Random,
} from '@quorate/core';
import { below, between, chance, pick, seedFrom } from '../dice.ts';
import type { DiskOptions } from '../disk-behaviour.ts';
import type { FaultyNetworkOptions } from '../network-behaviour.ts';

export interface ChaosPlan {
  readonly seed: number;
  /** Of network, disks and election timeouts; what is done to the cluster has dice of its own. */
  readonly diceSeed: number;
  /** Servers at the beginning, all of them voters. */
  readonly size: number;
  readonly options: RaftOptions;
  readonly snapshotEvery: number;
  readonly keepEntries: number;
  /** Infinity: a snapshot is one message. */
  readonly snapshotChunkBytes: number;
  readonly tellsLoss: boolean;
  readonly maxApplyMs: Milliseconds;
  readonly faultsMs: Milliseconds;
}

/**
 * Within the bound that leases rely on, `maxClockDrift`, clocks run at rates near 1; else at any from
 * half to double, and jump.
 */
export type ClockPlan = 'withinTheBound' | 'anyhow';

const SIZES = [1, 2, 3, 3, 3, 4, 5, 5, 5, 6, 7, 8, 9];

/** In election timeouts: long enough for some dozens of faults, short enough for many runs. */
const FAULTS_LAST = { from: 40, to: 100 } as const;

/** @param scale How many times as long as usual the faults last. */
export function drawPlan(random: Random, seed: number, scale: number): ChaosPlan {
  const options = drawOptions(random);
  const { electionTimeoutMs } = options;
  return {
    seed,
    diceSeed: seedFrom(random),
    size: pick(random, SIZES),
    options,
    snapshotEvery: 2 + below(random, 60),
    keepEntries: below(random, 20),
    snapshotChunkBytes: pick(random, [10, 50, 1_000_000]),
    tellsLoss: chance(random, 0.5),
    maxApplyMs: pick(random, [0, 2, 20]),
    faultsMs: scale * electionTimeoutMs * between(random, FAULTS_LAST.from, FAULTS_LAST.to),
  };
}

/** Limits are small, so that they are met. */
function drawOptions(random: Random): RaftOptions & { electionTimeoutMs: Milliseconds } {
  const electionTimeoutMs = pick(random, [150, 300, 1000]);
  const checkQuorum = chance(random, 0.75);
  return {
    electionTimeoutMs,
    heartbeatIntervalMs: electionTimeoutMs / pick(random, [3, 5, 10]),
    commitNoticeDelayMs: pick(random, [0, 2, 1000]),
    preVote: chance(random, 0.7),
    checkQuorum,
    noopOnElection: chance(random, 0.8),
    leaseReads: checkQuorum && chance(random, 0.4),
    rest: chance(random, 0.3),
    ...drawLimits(random),
  };
}

/** What a server may be restarted with, whatever the others have. */
export function drawOtherOptions(random: Random, ids: readonly number[]): RaftOptions {
  return {
    preVote: chance(random, 0.5),
    priorities: Object.fromEntries(ids.map((id) => [id, below(random, 3)])),
    ...drawLimits(random),
  };
}

function drawLimits(random: Random): RaftOptions {
  const maxInflightBytes = pick(random, [100, 1_000, 1_000_000]);
  return {
    maxAppendBytes: pick(random, [1, 200, 1_000_000]),
    maxInflightMessages: pick(random, [1, 4, 256]),
    maxInflightBytes,
    maxTailBytes: pick(random, [1, 500, 1_000_000]),
    maxApplyBytes: pick(random, [1, 500, 1_000_000]),
    maxUncommittedBytes: pick(random, [500, 5_000]),
    // As its option demands: more than one leader may send ahead.
    maxUnwrittenBytes: maxInflightBytes * pick(random, [2, 4, 100]),
  };
}

/** Delays are a small part of an election timeout, as the paper asks (§5.6), but for the unlucky. */
export function drawNetwork(random: Random, { options }: ChaosPlan): FaultyNetworkOptions {
  const { electionTimeoutMs = DEFAULT_RAFT_OPTIONS.electionTimeoutMs } = options;
  return {
    minDelayMs: 0.2,
    maxDelayMs: electionTimeoutMs * pick(random, [0.005, 0.02, 0.1]),
    lossProbability: pick(random, [0, 0, 0.05, 0.3]),
    duplicateProbability: pick(random, [0, 0.1]),
    heldUpProbability: pick(random, [0, 0.05]),
  };
}

export function drawDisk(random: Random, { options }: ChaosPlan): DiskOptions {
  const { electionTimeoutMs = DEFAULT_RAFT_OPTIONS.electionTimeoutMs } = options;
  return {
    minWriteMs: 0,
    maxWriteMs: electionTimeoutMs * pick(random, [0.001, 0.01, 0.05, 0.2]),
    stallProbability: pick(random, [0, 0, 0.01]),
    stallMs: electionTimeoutMs * 3,
  };
}
