/**
 * A host in a process of its own, to be killed: opens its groups, says so, and does what its parent
 * asks of one of them.
 */

import { bytes, type ListMachine, listMachine } from '../cluster.test.support.ts';
import { RaftHost } from './raft-host.ts';

/** What the parent says, and what is answered under the same number. */
export interface Asked {
  readonly ask: number;
  readonly group: number;
  /** Undefined: what the group has applied, once that is all that is committed. */
  readonly command: string | undefined;
}

export interface Answered {
  readonly ask: number;
  /** Undefined: nobody knows whether it took effect. */
  readonly list: readonly string[] | undefined;
}

const { id, peers, directory, groups } = JSON.parse(process.argv[2] as string);
const host = await RaftHost.open({
  ...{ id, peers, directory, clusterId: 3 },
  raft: { electionTimeoutMs: 300, heartbeatIntervalMs: 60 },
});
const machines = new Map<number, ListMachine>();
for (let group = 1; group <= groups; group += 1) {
  const machine = listMachine();
  machines.set(group, machine);
  // Some take snapshots all the time, so that the log is let go of.
  const often = group % 3 === 0 ? { snapshotEntries: 5, keepEntries: 1 } : {};
  await host.openGroup(group, { machine, ...often });
}

process.on('message', ({ ask, group, command }: Asked) => {
  const list = (): readonly string[] => machines.get(group)?.state ?? [];
  const node = host.group(group);
  const work =
    command === undefined ? node?.read() : node?.propose(bytes(command), { forward: true });
  Promise.resolve(work).then(
    () => process.send?.({ ask, list: command === undefined ? list() : [] }),
    () => process.send?.({ ask, list: undefined }),
  );
});
// The parent is gone, and its test with it.
process.on('disconnect', () => process.exit());
process.send?.('open');
