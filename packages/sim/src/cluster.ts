/** Servers on one network and one clock, and the faults that are done to them by hand. */

import {
  configurationOf,
  type Message,
  type Milliseconds,
  type NodeId,
  Raft,
  type RaftOptions,
  type Random,
  seededRandom,
  type TraceEvent,
} from '@quorate/core';
import { CarelessClients, type Clients } from './clients.ts';
import { between, diceOfTime, seedOf } from './dice.ts';
import { Disk, type WriteDuration } from './disk.ts';
import { Hosts } from './hosts.ts';
import { LocalClock } from './local-clock.ts';
import { callerOf, Network, type Parcel } from './network.ts';
import type { NetworkBehaviour } from './network-behaviour.ts';
import { Observers } from './observers.ts';
import { Properties } from './properties.ts';
import {
  type EndReason,
  type MakeCore,
  Server,
  type ServerObserver,
  type Service,
} from './server.ts';
import { SnapshotTransfers, type TransferEvent } from './snapshot-transfers.ts';
import { StoredLog } from './stored-log.ts';
import type { Time } from './time.ts';

export interface ClusterConfig {
  readonly time: Time;
  /** Everything that is drawn follows from this. */
  readonly seed: number;
  /** Servers 1 to `size`, all voters. */
  readonly size: number;
  readonly options: RaftOptions;
  readonly network: NetworkBehaviour;
  readonly makeService: (server: Server) => Service;
  readonly writeDuration: WriteDuration;
  readonly applyDuration: (random: Random) => Milliseconds;
  readonly keepEntries: number;
  /** Snapshots travel in chunks of so many bytes. @default Infinity: as one message, with all data. */
  readonly snapshotChunkBytes?: number;
  /** Told of what becomes of snapshots in chunks. */
  readonly onTransfer?: (event: TransferEvent) => void;
  /** Told of copies of old messages that arrive, by their kind. */
  readonly onEcho?: (kind: Message['kind']) => void;
  /** Whether the sender of a lost request is told, as by a broken connection. */
  readonly tellsLoss: boolean;
  /** Sees what every server decides. */
  readonly watch: (event: TraceEvent) => void;
  /** Who asks the servers for something when an action says so. @default clients that do not listen. */
  readonly clients?: Clients;
  /** @default a `Disk`. */
  readonly makeDisk?: typeof newDisk;
  /** What the disks of some servers hold at the beginning; the others are empty. */
  readonly stored?: ReadonlyMap<NodeId, StoredLog> | undefined;
  /** The protocol core of every server. @default the real one. */
  readonly makeCore?: MakeCore | undefined;
  /** See everything that every server does, after the properties have been checked. */
  readonly observers?: readonly ServerObserver[];
  /** Told of servers that ended by themselves, and of writes that a crash lost. */
  readonly onMishap?: (mishap: Mishap) => void;
}

export type Mishap =
  | { readonly kind: 'ended'; readonly server: NodeId; readonly reason: EndReason }
  /** At the start: what is stored has rotted, and the server refuses to run on it. */
  | { readonly kind: 'refusedToStart'; readonly server: NodeId }
  | { readonly kind: 'lostWrites'; readonly server: NodeId; readonly count: number }
  | { readonly kind: 'tornWrite'; readonly server: NodeId }
  /** It was at rest, and another process fell silent. */
  | { readonly kind: 'wokenBySilence'; readonly server: NodeId };

/** What dice are for. */
const [LINK, DISK, SERVER, MACHINE] = [1, 2, 3, 4];

export class Cluster {
  readonly time: Time;
  readonly random: Random;
  readonly network: Network;
  readonly properties: Properties;
  readonly clients: Clients;
  applyDuration: (random: Random) => Milliseconds;
  readonly #config: ClusterConfig;
  readonly #observer: ServerObserver;
  #ids: NodeId[] = [];
  readonly #disks = new Map<NodeId, Disk>();
  readonly #clocks = new Map<NodeId, LocalClock>();
  readonly #options = new Map<NodeId, RaftOptions>();
  readonly #servers = new Map<NodeId, Server>();
  readonly #hosts: Hosts;
  /** Undefined: a snapshot is one delivery. */
  readonly #transfers: SnapshotTransfers | undefined;

  constructor(config: ClusterConfig) {
    this.#config = config;
    this.applyDuration = config.applyDuration;
    this.clients = config.clients ?? new CarelessClients();
    this.properties = new Properties(config.watch);
    this.#observer =
      config.observers === undefined
        ? this.properties
        : new Observers([this.properties, ...config.observers]);
    this.time = config.time;
    this.random = seededRandom(config.seed);
    this.network = new Network(
      this.time,
      (from, to) => this.#dice(LINK, from, to),
      config.network,
      {
        arrived: (parcel) => this.#arrived(parcel),
        echoed: ({ message }) => config.onEcho?.(message.kind),
        lost: (parcel) => this.#callEnded(parcel, false),
      },
    );
    this.#hosts = new Hosts({
      time: this.time,
      network: this.network,
      ids: () => this.#ids,
      onWoken: (server) => config.onMishap?.({ kind: 'wokenBySilence', server }),
    });
    const { snapshotChunkBytes: chunkBytes = Infinity, onTransfer = () => {} } = config;
    if (chunkBytes < Infinity) {
      this.#transfers = new SnapshotTransfers({
        time: this.time,
        network: this.network,
        chunkBytes,
        find: (id) => this.find(id),
        disk: (id) => this.disk(id),
        onEvent: onTransfer,
      });
    }
    const ids = Array.from({ length: config.size }, (_, position) => (position + 1) as NodeId);
    for (const id of ids) this.#addMachine(id, ids);
    for (const id of ids) this.start(id);
  }

  /** Every server that there ever was, running or not, ascending. */
  get ids(): readonly NodeId[] {
    return this.#ids;
  }

  /** A new server with an empty disk, which waits to be made a member. */
  add(id: NodeId): Server {
    if (this.#disks.has(id)) throw new Error(`there is a server ${id} already`);
    this.#addMachine(id, []);
    return this.start(id)!;
  }

  #addMachine(id: NodeId, voters: readonly NodeId[]): void {
    const stored = this.#config.stored?.get(id) ?? new StoredLog(configurationOf(voters));
    const { time } = this;
    const { makeDisk = newDisk, writeDuration } = this.#config;
    this.#disks.set(id, makeDisk(time, this.#dice(DISK, id), writeDuration, stored));
    this.#clocks.set(id, new LocalClock(time));
    this.#ids = [...this.#ids, id].sort((a, b) => a - b);
  }

  /** The running server with this id; undefined while it is down. */
  find(id: NodeId): Server | undefined {
    return this.#servers.get(id);
  }

  get(id: NodeId): Server {
    const server = this.#servers.get(id);
    if (server === undefined) throw new Error(`server ${id} is down`);
    return server;
  }

  get running(): readonly Server[] {
    return [...this.#servers.values()];
  }

  disk(id: NodeId): Disk {
    return this.#disks.get(id)!;
  }

  optionsOf(id: NodeId): RaftOptions {
    return this.#options.get(id) ?? this.#config.options;
  }

  /** From the next start of this server on. */
  setOptions(id: NodeId, options: RaftOptions): void {
    this.#options.set(id, options);
  }

  /** A server's clock runs at `rate` from now on, and skips `jumpMs` now. */
  setClock(id: NodeId, rate: number, jumpMs: Milliseconds): void {
    this.#clocks.get(id)!.set(rate, jumpMs);
    this.#servers.get(id)?.clockWasSet();
  }

  /** Starts a server on what its disk holds; undefined if that has rotted, and the server says so. */
  start(id: NodeId): Server | undefined {
    if (this.#servers.has(id)) throw new Error(`server ${id} runs already`);
    const random = this.#dice(SERVER, id);
    const machineDice = this.#dice(MACHINE, id);
    const disk = this.disk(id);
    const { onMishap = () => {}, makeService, makeCore = realCore } = this.#config;
    const { keepEntries, time } = this.#config;
    if (disk.rot !== undefined) {
      onMishap({ kind: 'refusedToStart', server: id });
      return undefined;
    }
    const server = new Server({
      id,
      time,
      clock: this.#clocks.get(id)!,
      random,
      disk,
      options: this.optionsOf(id),
      observer: this.#observer,
      events: {
        ended: (reason) => {
          this.#forget(server);
          onMishap({ kind: 'ended', server: id, reason });
        },
        lostWrites: (count, isTorn) => {
          onMishap({ kind: 'lostWrites', server: id, count });
          if (isTorn) onMishap({ kind: 'tornWrite', server: id });
        },
      },
      send: (parcel) => this.#send(server, parcel),
      makeService,
      applyDuration: () => this.applyDuration(machineDice),
      keepEntries,
      makeCore,
    });
    this.#servers.set(id, server);
    this.#hosts.started(server, this.#clocks.get(id)!);
    return server;
  }

  /**
   * Stops a server in the middle of what it does.
   *
   * @param survivingWrites How many of its writes in flight are done; drawn by default.
   */
  crash(id: NodeId, survivingWrites?: number): void {
    const server = this.get(id);
    server.crash(survivingWrites);
    this.#forget(server);
  }

  #forget(server: Server): void {
    this.#servers.delete(server.id);
    this.properties.crashed(server);
    this.#hosts.ended(server);
    this.#transfers?.ended(server);
  }

  /** Stops all servers. */
  shutDown(): void {
    for (const id of this.ids) if (this.#servers.has(id)) this.crash(id);
  }

  /** Servers talk within their group only. Servers that no group names are alone. */
  partition(...groups: readonly (readonly NodeId[])[]): void {
    for (const from of this.ids) {
      for (const to of this.ids) {
        const areTogether = groups.some((group) => group.includes(from) && group.includes(to));
        if (from !== to) this.network.setLink(from, to, areTogether);
      }
    }
  }

  heal(): void {
    this.partition(this.ids);
  }

  #send(server: Server, parcel: Parcel): void {
    const { message, snapshotData } = parcel;
    const transfers = this.#transfers;
    if (transfers === undefined || message.kind !== 'installSnapshot' || snapshotData === undefined)
      this.network.send(parcel);
    else transfers.begin(server, { message, snapshotData });
  }

  #arrived(parcel: Parcel): boolean {
    const server = this.#servers.get(parcel.message.to);
    if (server === undefined) return false;
    this.#hosts.heard(server.id, parcel.message.from);
    server.receive(parcel);
    this.#callEnded(parcel, true);
    return true;
  }

  /** What the caller learns of its call besides the reply. */
  #callEnded(parcel: Parcel, isDelivered: boolean): void {
    const { message } = parcel;
    const { caller, callee } = callerOf(message);
    const server = this.#servers.get(caller);
    if (server === undefined) return;
    if (message.kind === 'installSnapshot') {
      server.hear({ kind: 'snapshotSent', to: callee, isDelivered });
    } else if (!isDelivered && this.#config.tellsLoss && server.options.rest !== true) {
      // Of those at rest the watch of hosts tells, also when the callee is back.
      server.hear({ kind: 'peerUnreachable', peer: callee });
    }
  }

  /** Dice for each consumer, so that their rolls do not disturb each other. */
  #dice(...consumer: readonly number[]): Random {
    return diceOfTime(seedOf(this.#config.seed, ...consumer), () => this.time.now());
  }
}

const newDisk = (...of: ConstructorParameters<typeof Disk>): Disk => new Disk(...of);

const realCore: MakeCore = (config) => new Raft(config);

/** A duration drawn evenly between two bounds, in milliseconds. */
export const evenly =
  (fromMs: number, toMs: number) =>
  (random: Random): number =>
    between(random, fromMs, toMs);
