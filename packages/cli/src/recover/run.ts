import { existsSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { examineMember, type MemberRecoveryReport, recoverMember } from '@quorate/etcd';
import {
  examineHostRecovery,
  examineRecovery,
  type RecoveryReport,
  recoverCluster,
  recoverHost,
} from '@quorate/node';
import { CommandError } from '../failure.ts';
import { printJson, printLine } from '../output.ts';
import type { RecoverFlags } from './command.ts';
import { hostReportLines } from './host-report-lines.ts';
import { reportLines } from './report-lines.ts';

export type AnyReport = RecoveryReport | MemberRecoveryReport;

/** Examines; with `yes` also recovers, if nothing has changed in between. */
export async function recover(directory: string, flags: RecoverFlags): Promise<void> {
  if (existsSync(join(directory, 'groups'))) return recoverGroups(directory, flags);
  const { newClusterId, yes = false, json = false, groups } = flags;
  if (groups !== undefined) {
    const problem = `${directory} holds no host of groups`;
    throw new CommandError('QUORATE_USAGE', problem, 'leave out --groups');
  }
  // A server keeps its log beside its store; an embedded node has nothing else.
  const isServer = existsSync(join(directory, 'raft'));
  if (isLogOfServer(directory)) {
    const problem = `${directory} is the log of a server without its store`;
    throw new CommandError('QUORATE_USAGE', problem, `name ${dirname(resolve(directory))}`);
  }
  const report: AnyReport = isServer
    ? await examineMember({ dataDir: directory, newClusterId })
    : await examineRecovery({ directory, newClusterId });
  const keepThrough = report.lastEntry;
  if (yes && isServer) await recoverMember({ dataDir: directory, newClusterId, keepThrough });
  if (yes && !isServer) await recoverCluster({ directory, newClusterId, keepThrough });
  if (json) printJson({ isRecovered: yes, ...report, ...namesOf(report) });
  else for (const line of reportLines(report, directory, yes)) printLine(line);
}

const isLogOfServer = (directory: string): boolean =>
  basename(resolve(directory)) === 'raft' && existsSync(join(directory, '..', 'store'));

async function recoverGroups(
  directory: string,
  { newClusterId, groups, yes = false, json = false }: RecoverFlags,
): Promise<void> {
  const options = { directory, newClusterId, ...(groups && { groups }) };
  const report = await examineHostRecovery(options);
  if (yes) await recoverHost({ ...options, keepThrough: report.lastRecord });
  if (json) printJson({ isRecovered: yes, ...report });
  else for (const line of hostReportLines(report, yes)) printLine(line);
}

const namesOf = (report: AnyReport): { readonly names?: Record<string, string> } =>
  'revision' in report ? { names: Object.fromEntries(report.names) } : {};
