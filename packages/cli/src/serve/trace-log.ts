/** The protocol's decisions as log lines: who leads at `info`, the rest at `debug`. */

import type { NodeId, TraceEvent, TraceSink } from '@quorate/core';
import type { InitialMember } from '@quorate/etcd';
import type { Log } from './log-lines.ts';

export function traceLog(members: readonly InitialMember[], log: Log): TraceSink {
  const names = new Map(members.map(({ id, name }) => [id, name]));
  const nameOf = (id: NodeId): string => names.get(id) ?? String(id);
  return (event: TraceEvent): void => {
    if (event.kind === 'becameLeader') {
      log('info', `${nameOf(event.node)} leads term ${event.term}`);
    } else if (event.kind === 'becameFollower' && event.leader !== undefined) {
      log('info', `${nameOf(event.leader)} leads term ${event.term}`);
    } else {
      const { kind, node: _, ...facts } = event;
      log('debug', kind, facts);
    }
  };
}
