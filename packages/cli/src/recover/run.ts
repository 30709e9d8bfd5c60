import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { examineMember, type MemberRecoveryReport, recoverMember } from '@quorate/etcd';
import { examineRecovery, type RecoveryReport, recoverCluster } from '@quorate/node';
import { printJson, printLine } from '../output.ts';
import type { RecoverFlags } from './command.ts';
import { reportLines } from './report-lines.ts';

export type AnyReport = RecoveryReport | MemberRecoveryReport;

/** Examines; with `yes` also recovers, if nothing has changed in between. */
export async function recover(
  directory: string,
  { newClusterId, yes = false, json = false }: RecoverFlags,
): Promise<void> {
  // A server keeps its log beside its store; an embedded node has nothing else.
  const isServer = existsSync(join(directory, 'raft'));
  const report: AnyReport = isServer
    ? await examineMember({ dataDir: directory, newClusterId })
    : await examineRecovery({ directory, newClusterId });
  const keepThrough = report.lastEntry;
  if (yes && isServer) await recoverMember({ dataDir: directory, newClusterId, keepThrough });
  if (yes && !isServer) await recoverCluster({ directory, newClusterId, keepThrough });
  if (json) printJson({ isRecovered: yes, ...report, ...namesOf(report) });
  else for (const line of reportLines(report, directory, yes)) printLine(line);
}

const namesOf = (report: AnyReport): { readonly names?: Record<string, string> } =>
  'revision' in report ? { names: Object.fromEntries(report.names) } : {};
