/** The protocol's decisions as log lines: who leads at `info`, the rest at `debug`. */

import type { NodeId, TraceEvent, TraceSink } from '@quorate/core';
import type { InitialMember } from '@quorate/etcd';
import type { Log } from './log-lines.ts';

export function traceLog(members: readonly InitialMember[], log: Log): TraceSink {
  const names = new Map(members.map(({ id, name }) => [id, name]));
  const nameOf = (id: NodeId): string => names.get(id) ?? String(id);
  return (event: TraceEvent): void => {
    switch (event.kind) {
      case 'becameLeader':
        return log('info', `${nameOf(event.node)} leads term ${event.term}`);
      case 'becameFollower': {
        if (event.leader === undefined) {
          return log('debug', `${nameOf(event.node)} follows nobody yet`, {
            term: event.term,
            reason: event.reason,
          });
        }
        return log('info', `${nameOf(event.leader)} leads term ${event.term}`);
      }
      default: {
        const { kind, node: _, ...facts } = event;
        return log('debug', kind, facts);
      }
    }
  };
}
