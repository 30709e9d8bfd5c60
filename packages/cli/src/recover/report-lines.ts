/** What a recovery keeps and loses, for a person who has to decide. */

import type { IndexRange } from '@quorate/node';
import type { AnyReport } from './run.ts';

export function reportLines(
  report: AnyReport,
  directory: string,
  isDone: boolean,
): readonly string[] {
  const { lastEntry, firstEntry, leftOut, role, warnings, newClusterId } = report;
  const left = leftOut.map((id) => called(report, id)).join(', ');
  return [
    isDone ? 'The new cluster is made.' : 'Nothing was changed. With --yes this would be done:',
    '',
    `${directory} holds ${called(report, report.nodeId)} of cluster ${report.oldClusterId}`,
    line('last entry', `term ${lastEntry.term}, index ${lastEntry.index}`),
    line('known committed', `up to ${report.committedIndex}${stateWords(report)}`),
    line('kept', `${rangeWords(report.kept)} in the log, and the state before`),
    line('uncertain', uncertainWords(report.uncertain)),
    line('may be lost', `what other members acknowledged after entry ${report.mayBeLostAfter}`),
    line('left out', left === '' ? 'nobody that this directory knows of' : left),
    ...(role === 'voter' ? [] : [line('warning', `this member was no voter, but ${role}`)]),
    ...warnings.map((warning) => line('warning', warning)),
    '',
    `Cluster ${newClusterId} begins with this member alone, at term ${firstEntry.term}, index ${firstEntry.index}.`,
    ...(isDone ? [] : BEFOREHAND),
    '',
    ...afterwards(report),
  ];
}

const BEFOREHAND = [
  'If the data of other members have survived, examine those too and recover the one with the',
  'largest term and, of the same term, the largest index.',
];

/** What can be done next, and no more. */
function afterwards(report: AnyReport): readonly string[] {
  if (!('revision' in report)) {
    return [
      `Then open it with the cluster id ${report.newClusterId}, and otherwise the options it had. All others`,
      'must stay off: wipe them, and let them join as new members, under ids that were never used.',
    ];
  }
  return [
    'Then start it with the flags it had: it serves alone, and takes in no other members. For three again,',
    'copy its keys into a fresh cluster: docs/recovery.md. All others must stay off, wiped or not: with the',
    'flags they had they would serve the old cluster beside this one.',
  ];
}

export const line = (name: string, words: string): string => `  ${name.padEnd(16)} ${words}`;

export const rangeWords = (range: IndexRange | undefined): string =>
  range === undefined ? 'no entries' : `entries ${range.first} to ${range.last}`;

function uncertainWords(range: IndexRange | undefined): string {
  if (range === undefined) return 'nothing';
  return `${rangeWords(range)}: kept, but perhaps never acknowledged`;
}

function stateWords(report: AnyReport): string {
  if (!('revision' in report)) return '';
  return `; the store is at ${report.appliedIndex}, revision ${report.revision}`;
}

function called(report: AnyReport, id: number): string {
  const name = 'revision' in report ? report.names.get(id) : undefined;
  return name === undefined ? `server ${id}` : `${name} (${id})`;
}
