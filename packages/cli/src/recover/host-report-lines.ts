/** What a recovery keeps and loses of a host with many groups, for a person who has to decide. */

import type { GroupRecoveryReport, HostRecoveryReport } from '@quorate/node';
import { table } from '../table.ts';
import { line, rangeWords } from './report-lines.ts';

/** As many as a screen has room for. `--json` has all of them. */
const MOST_GROUPS_SHOWN = 20;

export function hostReportLines(report: HostRecoveryReport, isDone: boolean): readonly string[] {
  const { groups, untouched, directory, nodeId, oldClusterId, newClusterId, warnings } = report;
  const left = report.leftOut.map((id) => `host ${id}`).join(', ');
  const stay =
    untouched.length === 0 ? '' : `; ${counted(untouched.length, 'stays', 'stay')} as before`;
  const isSameCluster = newClusterId === oldClusterId;
  const done = isSameCluster ? 'The groups are recovered.' : 'The new cluster is made.';
  return [
    isDone ? done : 'Nothing was changed. With --yes this would be done:',
    '',
    `${directory} holds host ${nodeId} of cluster ${oldClusterId}`,
    line('groups', `${counted(groups.length, 'gets', 'get')} this host as only voter${stay}`),
    line(
      'kept',
      `${counted(sum(groups, 'kept'), 'entry', 'entries')} in the log, and the states before`,
    ),
    line('uncertain', uncertainWords(groups)),
    line('may be lost', 'what other hosts acknowledged in a group after its last entry here'),
    line('left out', left === '' ? 'no host that this directory knows of' : left),
    ...warnings.map((warning) => line('warning', warning)),
    ...groupLines(groups),
    ...untouchedLines(report),
    '',
    isSameCluster
      ? `They come into cluster ${newClusterId}, in which this host is already.`
      : `Cluster ${newClusterId} begins with this host alone.`,
    ...(isDone ? AFTERWARDS : BEFOREHAND),
  ];
}

const BEFOREHAND = [
  'If the data of other hosts have survived, examine those too: for a group whose last entry there',
  'has a larger term or, of the same term, a larger index, that host is the one to recover. Hosts that',
  'are left out must stay off: wipe them, and let them join under new ids.',
];

const AFTERWARDS = [
  'Start it with that cluster id. Hosts that are left out must stay off: wipe them, and let them join',
  'under new ids.',
];

function uncertainWords(groups: readonly GroupRecoveryReport[]): string {
  const concerned = groups.filter(({ uncertain }) => uncertain !== undefined).length;
  if (concerned === 0) return 'nothing';
  const entries = sum(groups, 'uncertain');
  const where = `${counted(entries, 'entry', 'entries')} in ${counted(concerned, 'group', 'groups')}`;
  return `${where}: kept, but perhaps never acknowledged`;
}

const counted = (count: number, one: string, many: string): string =>
  `${count} ${count === 1 ? one : many}`;

function sum(groups: readonly GroupRecoveryReport[], which: 'kept' | 'uncertain'): number {
  let entries = 0;
  for (const { [which]: range } of groups) if (range) entries += range.last - range.first + 1;
  return entries;
}

/** Those first that need a second look. */
function groupLines(groups: readonly GroupRecoveryReport[]): readonly string[] {
  if (groups.length === 0) return [];
  const needsLook = ({ uncertain, role }: GroupRecoveryReport) =>
    uncertain !== undefined || role !== 'voter' ? 0 : 1;
  const sorted = [...groups].sort((a, b) => needsLook(a) - needsLook(b) || a.group - b.group);
  const shown = sorted.slice(0, MOST_GROUPS_SHOWN);
  const head = ['group', 'last entry', 'committed', 'kept', 'uncertain', 'was'];
  const rows = shown.map(({ group, lastEntry, committedIndex, kept, uncertain, role }) => [
    ...[String(group), `term ${lastEntry.term}, index ${lastEntry.index}`, `${committedIndex}`],
    ...[rangeWords(kept), rangeWords(uncertain), role],
  ]);
  const more = groups.length - shown.length;
  return [
    '',
    ...table(head, rows)
      .split('\n')
      .map((row) => `  ${row}`),
    ...(more === 0 ? [] : [`  and ${more} more; --json has all`]),
  ];
}

function untouchedLines({
  untouched,
  oldClusterId,
  newClusterId,
}: HostRecoveryReport): readonly string[] {
  if (untouched.length === 0) return [];
  const stay =
    oldClusterId === newClusterId
      ? 'These stay as they are'
      : 'These keep their members, who cannot come back';
  const ids = untouched.slice(0, MOST_GROUPS_SHOWN).map(({ group }) => group);
  const more = untouched.length - ids.length;
  return ['', `  ${stay}: ${ids.join(', ')}${more === 0 ? '' : `, and ${more} more`}`];
}
