/** Servers on one network and one clock, and the faults that are done to them by hand. */

import {
  configurationOf,
  type Milliseconds,
  type NodeId,
  type RaftOptions,
  type Random,
  seededRandom,
  type TraceEvent,
} from '@quorate/core';
import { between, seedFrom } from './dice.ts';
import { Disk, type WriteDuration } from './disk.ts';
import { callerOf, Network, type Parcel } from './network.ts';
import type { NetworkBehaviour } from './network-behaviour.ts';
import { Properties } from './properties.ts';
import { Server, type Service } from './server.ts';
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
  /** Whether the sender of a lost request is told, as by a broken connection. */
  readonly tellsLoss: boolean;
  /** Sees what every server decides. */
  readonly watch: (event: TraceEvent) => void;
}

export class Cluster {
  readonly time: Time;
  readonly random: Random;
  readonly network: Network;
  readonly properties: Properties;
  readonly ids: readonly NodeId[];
  writeDuration: WriteDuration;
  applyDuration: (random: Random) => Milliseconds;
  readonly #config: ClusterConfig;
  readonly #disks = new Map<NodeId, Disk>();
  readonly #servers = new Map<NodeId, Server>();

  constructor(config: ClusterConfig) {
    this.#config = config;
    this.writeDuration = config.writeDuration;
    this.applyDuration = config.applyDuration;
    this.properties = new Properties(config.watch);
    this.time = config.time;
    this.random = seededRandom(config.seed);
    this.ids = Array.from({ length: config.size }, (_, position) => (position + 1) as NodeId);
    this.network = new Network(this.time, this.#stream(), config.network, {
      arrived: (parcel) => this.#arrived(parcel),
      lost: (parcel) => this.#callEnded(parcel, false),
    });
    for (const id of this.ids) {
      const stored = new StoredLog(configurationOf(this.ids));
      const duration: WriteDuration = (random) => this.writeDuration(random);
      this.#disks.set(id, new Disk(this.time, this.#stream(), duration, stored));
    }
    for (const id of this.ids) this.start(id);
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

  /** Starts a server on what its disk holds. */
  start(id: NodeId): Server {
    if (this.#servers.has(id)) throw new Error(`server ${id} runs already`);
    const random = this.#stream();
    const { options, makeService, keepEntries, time } = this.#config;
    const server = new Server({
      id,
      time,
      random,
      disk: this.disk(id),
      options,
      observer: this.properties,
      send: (parcel) => this.network.send(parcel),
      makeService,
      applyDuration: () => this.applyDuration(random),
      keepEntries,
    });
    this.#servers.set(id, server);
    return server;
  }

  /** Stops a server in the middle of what it does; writes in flight may or may not be done. */
  crash(id: NodeId): void {
    const server = this.get(id);
    this.#servers.delete(id);
    server.crash();
    this.properties.crashed(server);
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

  #arrived(parcel: Parcel): boolean {
    const server = this.#servers.get(parcel.message.to);
    if (server === undefined) return false;
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
    if (message.kind === 'installSnapshot') server.snapshotSent(callee, isDelivered);
    else if (!isDelivered && this.#config.tellsLoss) server.peerUnreachable(callee);
  }

  /** A stream of its own for each consumer, so that their draws do not disturb each other. */
  #stream(): Random {
    return seededRandom(seedFrom(this.random));
  }
}

/** A duration drawn evenly between two bounds, in milliseconds. */
export const evenly =
  (fromMs: number, toMs: number) =>
  (random: Random): number =>
    between(random, fromMs, toMs);
