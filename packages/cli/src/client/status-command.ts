/** `quorate status`: the whole cluster as its members see themselves. */

import type { Command } from 'commander';
import { printJson, printLine, remark } from '../output.ts';
import { table } from '../table.ts';
import { examples } from './commands.ts';
import { type MemberStatus, memberStatuses } from './member-status.ts';
import { addClientOptions, type ClientFlags, withClient } from './options.ts';

export function addStatusCommand(program: Command): void {
  addClientOptions(program.command('status'))
    .summary('show every member of the cluster')
    .description('Asks one server for the members, and each of them how it is.')
    .addHelpText('after', examples('quorate status', 'quorate status --json'))
    .action(status);
}

async function status(flags: ClientFlags): Promise<void> {
  const members = await withClient(flags, (client) =>
    memberStatuses(client, {
      dialTimeoutMs: flags.dialTimeout,
      commandTimeoutMs: flags.commandTimeout,
    }),
  );
  if (flags.json) {
    printJson({ members: members.map(forJson) });
    return;
  }
  printLine(
    table(
      ['name', 'endpoint', 'state', 'term', 'commit', 'applied', 'data', 'version'],
      members.map(forPerson),
    ),
  );
  if (!members.some(({ state }) => state === 'leader')) {
    remark('no leader: writes wait until more than half of the members are up');
  }
}

function forPerson(member: MemberStatus): readonly string[] {
  const who = [member.name || '(never started)', member.endpoints.join(',') || '-'];
  if (member.state === 'down') return [...who, 'down'];
  const { state, term, commitIndex, appliedIndex, dbSizeBytes, version } = member;
  const counts = [term, commitIndex, appliedIndex].map(String);
  return [...who, state.replace('-', ' '), ...counts, humanBytes(dbSizeBytes), version];
}

function forJson(member: MemberStatus) {
  const { id, name, endpoints, state } = member;
  if (state === 'down') return { id: String(id), name, endpoints, state };
  return {
    id: String(id),
    name,
    endpoints,
    state,
    leaderId: String(member.leaderId),
    term: Number(member.term),
    commitIndex: Number(member.commitIndex),
    appliedIndex: Number(member.appliedIndex),
    dbSizeBytes: Number(member.dbSizeBytes),
    version: member.version,
  };
}

function humanBytes(bytes: bigint): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = Number(bytes);
  let unit = 0;
  for (; value >= 1000 && unit < units.length - 1; unit += 1) value /= 1000;
  return `${value >= 10 || unit === 0 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}
