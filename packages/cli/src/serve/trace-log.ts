/** The protocol's decisions as log lines at `debug`, and everybody by name instead of by number. */

import type { TraceSink } from '@quorate/core';
import type { InitialMember, ServerLog } from '@quorate/etcd';
import type { Log } from './log-lines.ts';

const LOST_ENTRIES =
  'a member has lost entries that it had acknowledged; they are sent again, but its disk cannot be trusted';

export function traceLog(log: Log): TraceSink {
  return ({ kind, node: _, ...facts }) => {
    if (kind === 'followerLostEntries') log('error', LOST_ENTRIES, facts);
    else log('debug', kind, facts);
  };
}

/** Ids are hashes of 16 digits; whoever reads a log knows the members by the names they gave them. */
export function withNames(members: readonly InitialMember[], log: Log): ServerLog & Log {
  const names = new Map<unknown, string>(members.map(({ id, name }) => [id, name]));
  return (level, message, facts = {}) => {
    const named = Object.entries(facts).map(([fact, value]) => [fact, names.get(value) ?? value]);
    log(level, message, Object.fromEntries(named));
  };
}
