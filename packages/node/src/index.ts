/** Durable replicated state machines inside a Node.js process. */
export type * from './api.ts';
export { type InMemoryMachine, inMemoryMachine, type Reducer } from './apply/in-memory-machine.ts';
export * from './errors.ts';
export type * from './host/host-options.ts';
export { RaftHost } from './host/raft-host.ts';
export { LARGEST_COMMAND_BYTES } from './options.ts';
export { MemoryNetwork } from './peers/memory-network.ts';
export type {
  IncomingSnapshot,
  Receiver,
  SnapshotSource,
  SnapshotTransfer,
  Transport,
} from './peers/transport.ts';
export { RaftNode } from './raft-node.ts';
export type { IndexRange, KeptLog } from './recovery/kept-log.ts';
export {
  examineRecovery,
  type RecoveredCluster,
  type RecoveryOptions,
  type RecoveryReport,
  recoverCluster,
  recoveredCluster,
} from './recovery/recover-cluster.ts';
export {
  examineHostRecovery,
  type GroupRecoveryReport,
  type HostRecoveryOptions,
  type HostRecoveryReport,
  recoverHost,
} from './recovery/recover-host.ts';
export type { Session } from './sessions/session.ts';
export type * from './state-machine.ts';
export * from './storage/dump.ts';
export { makeDirectories } from './storage/make-directory.ts';
export { memoryStorage } from './storage/memory-storage.ts';
export type * from './storage/storage.ts';
