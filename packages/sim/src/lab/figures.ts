import type { LabReport } from './test-case.ts';

/** What a pass of another implementation printed. Calls vary from run to run: lowest and highest. */
interface Figures {
  readonly calls: readonly [number, number];
  readonly kilobytes: number | undefined;
}

/**
 * Figures to compare with: the lab's unmodified tests in real time, with a correct public Go
 * solution and a small plain-JavaScript Raft. For each test the lower calls of the two, and the
 * lower bytes. Tests that vary several times over from run to run have none.
 */
export const FIGURES_TO_BEAT: Readonly<Record<string, Figures>> = {
  TestInitialElection3A: { calls: [54, 58], kilobytes: 11 },
  TestReElection3A: { calls: [116, 116], kilobytes: 18 },
  TestManyElections3A: { calls: [457, 559], kilobytes: 88 },
  TestBasicAgree3B: { calls: [16, 16], kilobytes: 3.5 },
  TestRPCBytes3B: { calls: [48, 48], kilobytes: 114 },
  TestFollowerFailure3B: { calls: [108, 108], kilobytes: 19 },
  TestLeaderFailure3B: { calls: [185, 185], kilobytes: 30 },
  TestFailAgree3B: { calls: [88, 88], kilobytes: 18 },
  TestFailNoAgree3B: { calls: [174, 174], kilobytes: 32 },
  TestConcurrentStarts3B: { calls: [14, 18], kilobytes: 3.5 },
  TestRejoin3B: { calls: [146, 187], kilobytes: 30 },
  TestBackup3B: { calls: [1500, 1500], kilobytes: 1500 },
  TestCount3B: { calls: [38, 45], kilobytes: 11 },
  TestPersist13C: { calls: [78, 78], kilobytes: undefined },
  TestPersist23C: { calls: [900, 900], kilobytes: undefined },
  TestPersist33C: { calls: [32, 32], kilobytes: undefined },
  TestUnreliableAgree3C: { calls: [283, 283], kilobytes: 90 },
  TestSnapshotBasic3D: { calls: [190, 190], kilobytes: 91 },
  TestSnapshotInstall3D: { calls: [1200, 1200], kilobytes: 470 },
  TestSnapshotInstallUnreliable3D: { calls: [1300, 1300], kilobytes: 506 },
  TestSnapshotInstallCrash3D: { calls: [760, 760], kilobytes: 350 },
  TestSnapshotInstallUnCrash3D: { calls: [790, 790], kilobytes: 440 },
  TestSnapshotAllCrash3D: { calls: [270, 270], kilobytes: undefined },
  TestSnapshotInit3D: { calls: [64, 64], kilobytes: undefined },
};

/** `within`: not above the highest, but above the lowest. */
export type Comparison = 'none' | 'better' | 'within' | 'worse';

export function compareCalls(name: string, report: LabReport): Comparison {
  const figures = FIGURES_TO_BEAT[name];
  if (figures === undefined) return 'none';
  const [lowest, highest] = figures.calls;
  if (report.calls > highest) return 'worse';
  return report.calls <= lowest ? 'better' : 'within';
}

export function compareBytes(name: string, report: LabReport): Comparison {
  const kilobytes = FIGURES_TO_BEAT[name]?.kilobytes;
  if (kilobytes === undefined) return 'none';
  return report.bytes <= kilobytes * 1000 ? 'better' : 'worse';
}
