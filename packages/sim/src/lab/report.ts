import type { LabReport } from './test-case.ts';

/** The average of several runs of one test. */
export function meanOf(reports: readonly LabReport[]): LabReport {
  const mean = (field: keyof LabReport): number =>
    reports.reduce((sum, report) => sum + report[field], 0) / reports.length;
  return {
    seconds: mean('seconds'),
    peers: mean('peers'),
    calls: mean('calls'),
    bytes: mean('bytes'),
    commits: mean('commits'),
  };
}
