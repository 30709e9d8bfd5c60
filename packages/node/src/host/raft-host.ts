import { configurationOf, DEFAULT_RAFT_OPTIONS, type NodeId } from '@quorate/core';
import type { CloseOptions, RaftNodeOptions } from '../api.ts';
import { Throttle } from '../apply/throttle.ts';
import { badOption, requireOptions, requireWhole } from '../checks.ts';
import { Ending } from '../ending.ts';
import { RaftError } from '../errors.ts';
import { Scheduler } from '../loop/scheduler.ts';
import { checkOptions, type ResolvedOptions } from '../options.ts';
import { addressesOf } from '../peers/address.ts';
import type { Transport } from '../peers/transport.ts';
import { transportOf } from '../peers/transport-of.ts';
import { RaftNode } from '../raft-node.ts';
import { now } from '../runtime.ts';
import { type HostStorage, memoryHostStorage } from '../storage/host-storage.ts';
import { openHostStorage } from '../storage/open-host-storage.ts';
import { turnOf } from './election-turns.ts';
import { Groups } from './groups.ts';
import {
  GROUP_OPTIONS,
  type GroupOptions,
  HOST_OPTIONS,
  type HostStatus,
  type RaftHostOptions,
} from './host-options.ts';
import { HostWatch } from './host-watch.ts';

/** With the hosts that take part, and every default of the core's options. */
type PresentOptions = RaftHostOptions & Pick<ResolvedOptions<unknown>, 'raft'>;

/** More at once would all be slow, and perhaps none of them done in time. */
const HANDED_OVER_AT_ONCE = 256;

/**
 * So many beats of another host in the time after which it is missed: three may be late or lost, and more would
 * tell nothing sooner. They are all that idle hosts do.
 */
const BEATS_IN_TIMEOUT = 4;

/**
 * Thousands of groups in one process: one log and one sync for what all of them write, one connection
 * to each other host for what all of them say, and for those that are idle nothing but a beat between
 * each two hosts. Open it with `RaftHost.open`, release it with `await using` or `close`.
 */
export class RaftHost implements AsyncDisposable {
  /** Resolves when this host has ended: with undefined after `close`, else with the reason. */
  readonly ended: Promise<Error | undefined>;
  readonly #ending = new Ending('host', () => this.#release());
  readonly #options: PresentOptions;
  readonly #resolved: ResolvedOptions<unknown>;
  readonly #storage: HostStorage;
  readonly #transport: Transport;
  readonly #groups: Groups;
  readonly #watch: HostWatch;
  readonly #scheduler: Scheduler;
  /** For the snapshots of all groups. */
  readonly #throttle: Throttle;
  /** Undefined while a group is being opened or closed. */
  readonly #nodes = new Map<number, RaftNode<unknown> | undefined>();

  /**
   * Finds what the directory holds and listens to the other hosts. Groups take part when they are
   * opened.
   *
   * @throws {RaftError} as `RaftNode.open`.
   */
  static async open(options: RaftHostOptions): Promise<RaftHost> {
    requireOptions('RaftHost.open', options, HOST_OPTIONS);
    const { heartbeatIntervalMs = DEFAULT_RAFT_OPTIONS.heartbeatIntervalMs } = options.raft ?? {};
    const raft = { rest: true, commitNoticeDelayMs: heartbeatIntervalMs, ...options.raft };
    const resolved = checkOptions({ ...options, raft });
    requirePreferredHosts(options, resolved);
    let host: RaftHost | undefined;
    const storage = await openStorageOf(options, (error) => {
      if (host !== undefined) void host.#ending.begin(error);
    });
    try {
      // After a recovery a host starts with the options it had.
      const peers = withoutLeftOut(options.peers, storage.leftOut);
      // One object of the core's options for all groups: there are thousands.
      const present = { ...options, peers, raft: resolved.raft };
      const transport = await transportOf(present, resolved);
      host = new RaftHost(present, resolved, storage, transport);
      for (const warning of storage.warnings) options.log?.('warn', warning, {});
      const addresses = addressesOf(peers, options.id);
      const others = { addresses, removed: [], areStrangersWelcome: false };
      await host.#groups.open(host.#watch, others);
      host.#watch.start();
      return host;
    } catch (error) {
      await storage.close();
      throw error;
    }
  }

  private constructor(
    options: PresentOptions,
    resolved: ResolvedOptions<unknown>,
    storage: HostStorage,
    transport: Transport,
  ) {
    this.#options = options;
    this.#resolved = resolved;
    this.#storage = storage;
    this.#transport = transport;
    this.#throttle = new Throttle(resolved.snapshotBytesPerSecond, now);
    this.#groups = new Groups(transport);
    this.ended = this.#ending.ended;
    const { heartbeatIntervalMs, electionTimeoutMs } = resolved.raft;
    this.#watch = new HostWatch({
      peers: [...addressesOf(options.peers, options.id).keys()],
      transport,
      intervalMs: Math.max(heartbeatIntervalMs, electionTimeoutMs / BEATS_IN_TIMEOUT),
      timeoutMs: electionTimeoutMs,
      now,
      log: options.log ?? (() => {}),
      onGone: (peer) => this.#groups.hostGone(peer),
      onBack: (peer) => this.#groups.hostBack(peer),
    });
    this.#scheduler = new Scheduler(now, () => {
      // Sockets first, then the disk: the other hosts work while we write.
      transport.flush();
      storage.commit();
    });
  }

  /** Groups that have data in the directory, open or not; ascending. */
  storedGroups(): readonly number[] {
    return this.#storage.groups();
  }

  /**
   * Joins a group, with what this host has of it, or begins it. What comes back is a server like any
   * other; to close it ends this host's part in the group until it is opened again.
   *
   * @param group A safe integer above 0, the same on all hosts.
   * @throws {RaftError} `RAFT_GROUP_OPEN`, `RAFT_GROUP_REMOVED`, `RAFT_BAD_OPTION`, `RAFT_STORAGE_CORRUPT`,
   *   `RAFT_CLOSED`.
   */
  async openGroup<Result = undefined>(
    group: number,
    options: GroupOptions<Result> = {},
  ): Promise<RaftNode<Result>> {
    if (this.#ending.reason !== undefined) throw this.#ending.reason;
    this.#requireFree(group);
    requireOptions('openGroup', options, GROUP_OPTIONS);
    this.#nodes.set(group, undefined);
    try {
      let isOver = false;
      const node = await this.#startNode(group, options, () => {
        isOver = true;
        this.#nodes.delete(group);
      });
      if (!isOver) this.#nodes.set(group, node as RaftNode<unknown>);
      if (this.#ending.reason !== undefined) await node.close();
      return node;
    } catch (error) {
      this.#nodes.delete(group);
      throw error;
    }
  }

  /**
   * Drops all that this host keeps of a group that it has closed: entries, snapshots, votes. For ever: the
   * host can never take part in that group again, as if it had died. Other hosts keep what they have, so
   * a group that lives on elsewhere should have lost this host as a member first (`changeMembership`), and
   * one that is over is removed from each.
   *
   * Resolves when that is durable. Removing it again does no harm.
   *
   * @throws {RaftError} `RAFT_GROUP_OPEN`, `RAFT_BAD_OPTION` for a group of which nothing is kept here, and
   *   when the ids of removed groups have too many gaps (65,536); `RAFT_DISK_FAILED`, `RAFT_DISK_FULL`,
   *   `RAFT_CLOSED`.
   */
  async removeGroup(group: number): Promise<void> {
    if (this.#ending.reason !== undefined) throw this.#ending.reason;
    this.#requireFree(group);
    await this.#storage.remove(group);
  }

  /** A group that is open here. */
  group(group: number): RaftNode<unknown> | undefined {
    return this.#nodes.get(group);
  }

  status(): HostStatus {
    let [groups, leads, atRest] = [0, 0, 0];
    for (const node of this.#nodes.values()) {
      if (node === undefined) continue;
      groups += 1;
      if (node.isLeader) leads += 1;
      if (node.isAtRest) atRest += 1;
    }
    return {
      id: this.#options.id as NodeId,
      clusterId: this.#options.clusterId,
      groups,
      leads,
      atRest,
      connectedPeers: this.#transport.connectedPeers(),
      logBytesOnDisk: this.#storage.bytesOnDisk,
    };
  }

  /**
   * Ends all groups of this host in good order. It first hands over those that it leads, a few hundred at a
   * time and for an election timeout in all; who then still leads is missed at once, when the connection
   * closes.
   */
  async close({ handOver = true }: CloseOptions = {}): Promise<void> {
    if (handOver && this.#ending.reason === undefined) await this.#handOver();
    return this.#ending.begin(undefined);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #handOver(): Promise<void> {
    const led = [...this.#nodes.values()].filter((node) => node?.isLeader);
    const until = now() + this.#resolved.raft.electionTimeoutMs;
    const handOverNext = async (): Promise<void> => {
      for (let node = led.pop(); node !== undefined; node = led.pop()) {
        const leftMs = Math.ceil(until - now());
        if (leftMs <= 0) return;
        // Nobody to take it, or nobody in time: then the others elect.
        const signal = AbortSignal.timeout(leftMs);
        await node.transferLeadership(undefined, { signal }).catch(() => {});
      }
    };
    await Promise.all(Array.from({ length: HANDED_OVER_AT_ONCE }, handOverNext));
  }

  #requireFree(group: number): void {
    requireWhole('the group id', group, 1);
    if (!this.#nodes.has(group)) return;
    const problem = `group ${group} is open on this host`;
    const remedy = 'use what openGroup answered, or await its close first';
    throw new RaftError('RAFT_GROUP_OPEN', `${problem}; ${remedy}`);
  }

  /** A group with a voter that nobody knows may never have a leader. */
  #requireHosts(voters: readonly number[], isBegun: boolean): void {
    if (!Array.isArray(voters)) throw badOption('voters is no list', 'give ids, such as [1, 2, 3]');
    for (const id of voters) {
      requireWhole('a voter', id, 1);
      if (isBegun || this.#options.peers[id] !== undefined) continue;
      throw badOption(`the voter ${id} is no host`, 'name hosts that are in peers');
    }
  }

  async #startNode<Result>(
    group: number,
    groupOptions: GroupOptions<Result>,
    released: () => void,
  ): Promise<RaftNode<Result>> {
    const { log = () => {}, ...shared } = this.#options;
    const { voters, ...own } = groupOptions;
    const options: RaftNodeOptions<Result> = {
      // Before what is spread: else V8 makes each group's object a hidden class of its own.
      log: (level, message, facts) => log(level, message, { group, ...facts }),
      ...shared,
      ...own,
    };
    const resolved = checkOptions(options);
    const ids = voters ?? Object.keys(options.peers).map(Number);
    // With whom a group has begun its log says; some of them may be left out since.
    this.#requireHosts(ids, this.#storage.has(group));
    const isChosen = voters !== undefined;
    const storage = await this.#storage.open(group, configurationOf(ids), isChosen);
    const transport = this.#groups.portOf(group, this.#storage.begunWith(group));
    const scheduler = this.#scheduler;
    const throttle = this.#throttle;
    const hosts = [...ids].sort((a, b) => a - b);
    const position = hosts.indexOf(options.id);
    // Who joins a group that exists does not know among whom it takes turns.
    const random = position < 0 ? Math.random : turnOf(group, position, hosts.length);
    return RaftNode.start({
      ...{ options, resolved, storage, transport, scheduler, throttle, random, released },
    });
  }

  async #release(): Promise<void> {
    this.#watch.stop();
    // From here on nobody could take over: to whom we lead our end is news enough.
    await this.#groups.close();
    const nodes = [...this.#nodes.values()].filter((node) => node !== undefined);
    await Promise.all(nodes.map((node) => node.close({ handOver: false })));
    await this.#storage.close();
  }
}

function withoutLeftOut(
  peers: RaftHostOptions['peers'],
  leftOut: readonly number[],
): RaftHostOptions['peers'] {
  const present = Object.entries(peers).filter(([id]) => !leftOut.includes(Number(id)));
  return Object.fromEntries(present);
}

async function openStorageOf(
  { clusterId, id: nodeId, directory, peers }: RaftHostOptions,
  onFailure: (error: RaftError) => void,
): Promise<HostStorage> {
  if (directory === undefined) return memoryHostStorage(clusterId, nodeId);
  const hosts = Object.keys(peers).map(Number);
  return openHostStorage({ directory, clusterId, nodeId, hosts, onFailure });
}

/** The hosts stay what they are, so a number that is none is mistyped. */
function requirePreferredHosts(
  { peers }: RaftHostOptions,
  { raft: { priorities } }: ResolvedOptions<unknown>,
): void {
  const stranger = Object.keys(priorities).find((id) => peers[Number(id)] === undefined);
  if (stranger === undefined) return;
  throw badOption(`priorities names ${stranger}, which is no host`, 'name hosts that are in peers');
}
