/** What a simulated server is made of, and who is told what it does. */

import type {
  Batch,
  Message,
  Milliseconds,
  NodeId,
  Raft,
  RaftConfig,
  RaftOptions,
  Random,
  SnapshotMeta,
  TraceEvent,
  Write,
} from '@quorate/core';
import type { Disk, DiskFailure } from './disk.ts';
import type { LocalClock } from './local-clock.ts';
import type { Parcel } from './network.ts';
import type { Server } from './server.ts';
import type { Time } from './time.ts';

/** The replicated state machine of one server. A new one is made for every start. */
export interface Service {
  /** Committed entries, each once and in log order. */
  apply(batch: Batch): void;
  /** Replaces the whole state. Also called at a start, with the stored snapshot, if there is one. */
  restore(snapshot: SnapshotMeta, data: Uint8Array): void;
  /** Saves a snapshot of the state as it is now. A service that never takes any has no such method. */
  takeSnapshot?(): void;
}

/** Sees everything a server does, before anybody else does. */
export interface ServerObserver {
  started(server: Server): void;
  traced(server: Server, event: TraceEvent): void;
  /** A message is about to be handled. */
  received(server: Server, message: Message): void;
  /** A write is handed to the disk. */
  wrote(server: Server, write: Write): void;
  /** A message leaves as it is here; `isPromise` if it had to wait for the disk. */
  sent(server: Server, message: Message, isPromise: boolean): void;
  applied(server: Server, batch: Batch): void;
  /** A turn is over: everything the core wanted done is under way. */
  turned(server: Server): void;
}

/** Why a server ended by itself. */
export type EndReason = DiskFailure | 'read';

/** What a server tells whoever runs it. */
export interface ServerEvents {
  /** It has ended, as it must when its disk fails. Nothing leaves it any more. */
  ended(reason: EndReason): void;
  /** It was killed with writes under way, which are lost; the oldest of them may have been torn. */
  lostWrites(count: number, isTorn: boolean): void;
}

export interface ServerConfig {
  readonly id: NodeId;
  /** The true time, in which disk, network and state machine do their work. */
  readonly time: Time;
  /** The machine's, which is all that the protocol sees of time. */
  readonly clock: LocalClock;
  readonly random: Random;
  readonly disk: Disk;
  readonly options: RaftOptions;
  readonly observer: ServerObserver;
  readonly events: ServerEvents;
  readonly send: (parcel: Parcel) => void;
  readonly makeService: (server: Server) => Service;
  /** How long the state machine takes for what was committed at once. */
  readonly applyDuration: () => Milliseconds;
  /** Entries before a snapshot that stay in the log, for followers that are only a little behind. */
  readonly keepEntries: number;
  readonly makeCore: MakeCore;
}

/** How a server comes by its core: a test may plant a bug in it. */
export type MakeCore = (config: RaftConfig) => Raft;
