import type { Milliseconds, RaftOptions, Random } from '@quorate/core';
import { below, between, chance, pick } from '../dice.ts';
import type { WriteDuration } from '../disk.ts';
import { faultyNetwork, type NetworkBehaviour } from '../network-behaviour.ts';

/** What a run is made of, all of it drawn from its seed. */
export interface ChaosPlan {
  readonly size: number;
  readonly options: RaftOptions;
  readonly faultsMs: Milliseconds;
  /** Mean pause between two faults. */
  readonly faultEveryMs: Milliseconds;
  readonly proposeEveryMs: Milliseconds;
  readonly snapshotEvery: number;
  readonly keepEntries: number;
  readonly tellsLoss: boolean;
  readonly writeDuration: WriteDuration;
  readonly maxApplyMs: Milliseconds;
}

const SIZES = [3, 5];

export function drawPlan(random: Random): ChaosPlan {
  return {
    size: pick(random, SIZES),
    options: drawOptions(random),
    faultsMs: between(random, 5_000, 15_000),
    faultEveryMs: between(random, 50, 800),
    proposeEveryMs: between(random, 2, 60),
    snapshotEvery: 1 + below(random, 60),
    keepEntries: below(random, 20),
    tellsLoss: chance(random, 0.5),
    writeDuration: drawDisk(random),
    maxApplyMs: pick(random, [0, 2, 20]),
  };
}

/** Limits are small, so that they are met. */
function drawOptions(random: Random): RaftOptions {
  const electionTimeoutMs = between(random, 100, 300);
  return {
    electionTimeoutMs,
    heartbeatIntervalMs: electionTimeoutMs / between(random, 3, 10),
    commitNoticeDelayMs: pick(random, [0, 2, 1000]),
    preVote: chance(random, 0.7),
    checkQuorum: chance(random, 0.7),
    noopOnElection: chance(random, 0.8),
    maxAppendBytes: pick(random, [1, 200, 1_000_000]),
    maxInflightMessages: pick(random, [1, 4, 256]),
    maxInflightBytes: pick(random, [100, 1_000, 1_000_000]),
    maxTailBytes: pick(random, [1, 500, 1_000_000]),
    maxApplyBytes: pick(random, [1, 500, 1_000_000]),
    maxUncommittedBytes: pick(random, [500, 5_000]),
  };
}

/** Usually quick, now and then stalled. */
function drawDisk(random: Random): WriteDuration {
  const usualMs = pick(random, [0.1, 2, 10]);
  const stall = pick(random, [0, 0, 0.01]);
  return (disk) => (chance(disk, stall) ? between(disk, 50, 500) : between(disk, 0, usualMs));
}

export function drawNetwork(random: Random): NetworkBehaviour {
  return faultyNetwork({
    minDelayMs: 0.2,
    maxDelayMs: pick(random, [1, 5, 20]),
    lossProbability: pick(random, [0, 0, 0.05, 0.3]),
    duplicateProbability: pick(random, [0, 0.1]),
    heldUpProbability: pick(random, [0, 0.05]),
  });
}
