/** Traces with one thing changed, to see who notices. Most of them no run could have left. */

import type { Random } from '@quorate/core';
import { below, chance, pick } from '../dice.ts';

export interface ChangedTrace {
  readonly lines: readonly string[];
  readonly what: string;
}

/** A field, or what is done to a line. */
export const CHANGES: readonly string[] = [
  ...['state.term', 'state.vote', 'state.commit', 'role', 'log', 'conf', 'name', 'nid'],
  ...['msg.term', 'msg.commit', 'msg.index', 'msg.logTerm', 'msg.reject', 'msg.entries'],
  ...['msg.from', 'msg.to', 'msg.type', 'left out', 'twice', 'before its neighbour'],
];

const NAMES = [
  ...['InitState', 'BecomeFollower', 'BecomeCandidate', 'BecomeLeader', 'Replicate', 'Ready'],
  ...['Commit', 'SendAppendEntriesRequest', 'SendAppendEntriesResponse', 'SendRequestVoteRequest'],
  ...['SendRequestVoteResponse', 'ReceiveAppendEntriesRequest', 'ReceiveAppendEntriesResponse'],
  ...['ReceiveRequestVoteRequest', 'ReceiveRequestVoteResponse', 'ReceiveSnapshot'],
  'ReduceNextIndex',
];
const TYPES = [
  ...['MsgVote', 'MsgVoteResp', 'MsgApp', 'MsgAppResp'],
  ...['MsgHeartbeat', 'MsgHeartbeatResp', 'MsgSnap'],
];
const ROLES = ['StateFollower', 'StateCandidate', 'StateLeader'];
const SERVERS = ['1', '2', '3'];

/** @param change One of `CHANGES`. Undefined if no line has what is to be changed. */
export function changedTrace(
  lines: readonly string[],
  change: string,
  random: Random,
): ChangedTrace | undefined {
  const isOfMessage = change.startsWith('msg.');
  const fitting = [...lines.keys()].filter(
    (at) => !isOfMessage || JSON.parse(lines[at]!).event.msg !== undefined,
  );
  if (fitting.length === 0) return undefined;
  const at = pick(random, fitting);
  const line = lines[at]!;
  const what = `${change} of line ${at + 1}`;
  switch (change) {
    case 'left out':
      return { lines: lines.toSpliced(at, 1), what };
    case 'twice':
      return { lines: lines.toSpliced(at, 0, line), what };
    case 'before its neighbour':
      return { lines: lines.toSpliced(at, 2, ...lines.slice(at, at + 2).reverse()), what };
  }
  const parsed = JSON.parse(line);
  const [outer = '', inner] = change.split('.');
  const [holder, name] = inner === undefined ? [parsed.event, outer] : [parsed.event[outer], inner];
  const before = holder[name];
  holder[name] = otherThan(before, name, random);
  const told = `${what}: ${JSON.stringify(before)} becomes ${JSON.stringify(holder[name])}`;
  return { lines: lines.with(at, JSON.stringify(parsed)), what: told };
}

function otherThan(value: unknown, name: string, random: Random): unknown {
  if (typeof value === 'boolean') return !value;
  if (typeof value === 'number') return value > 0 && chance(random, 0.5) ? value - 1 : value + 1;
  if (Array.isArray(value)) return [value[0].slice(1), value[1]];
  const choices = choicesOf(name).filter((choice) => choice !== value);
  return choices[below(random, choices.length)];
}

function choicesOf(name: string): readonly string[] {
  switch (name) {
    case 'role':
      return ROLES;
    case 'name':
      return NAMES;
    case 'type':
      return TYPES;
    case 'vote':
      return ['0', ...SERVERS];
    default:
      return SERVERS;
  }
}
