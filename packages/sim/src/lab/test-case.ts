import type { Time } from '../time.ts';
import { expect } from './failure.ts';
import { Lab, type LabCluster, type LabSetup, MEMORY } from './lab.ts';

export type LabPart = '3A' | '3B' | '3C' | '3D' | '4A' | '4B';

/** One row of the lab's table. */
export interface LabTest {
  /** As in the lab's own files. */
  readonly name: string;
  readonly part: LabPart;
  readonly peers: number;
  /** Runs on a cluster of its own. Throws when the test fails. */
  run(time: Time, seed: number): Promise<LabReport>;
}

/** What the lab prints for a test that passed. */
export interface LabReport {
  readonly seconds: number;
  readonly peers: number;
  /** Requests that were sent. */
  readonly calls: number;
  /** Requests that were sent, and replies that arrived. */
  readonly bytes: number;
  /** Indexes that were applied. */
  readonly commits: number;
}

const LIMIT_MS = 120_000;

/** Runs `body` on `lab` and measures it. Every test must end within 120 s. */
export async function measure<Kind extends LabCluster>(
  lab: Kind,
  body: (lab: Kind) => Promise<void>,
): Promise<LabReport> {
  const { time, cluster } = lab;
  const startedAt = time.now();
  const overtime = time.after(LIMIT_MS, () => expect(false, 'the test took longer than 120 s'));
  await body(lab);
  overtime.cancel();
  const { calls, bytes } = lab.traffic;
  const seconds = (time.now() - startedAt) / 1000;
  const commits = cluster.properties.committedIndex;
  cluster.shutDown();
  return { seconds, peers: lab.size, calls, bytes, commits };
}

export type RaftTestSetup = Partial<LabSetup> & {
  readonly peers: number;
  readonly takesSnapshots?: boolean;
};

/** A test of 3A to 3D. */
export function raftTest(
  name: string,
  setup: RaftTestSetup,
  body: (lab: Lab) => Promise<void>,
): LabTest {
  const complete = {
    isUnreliable: false,
    hasLongDelays: true,
    writeDuration: MEMORY,
    takesSnapshots: false,
    ...setup,
  };
  return {
    name,
    part: name.slice(-2) as LabPart,
    peers: setup.peers,
    run: (time, seed) => measure(new Lab(time, seed, complete), body),
  };
}
