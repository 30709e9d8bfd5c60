/**
 * One member, from its settings to its last answer: the replicated machine, the handlers on it, and
 * the door that clients come through.
 */

import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { makeDirectories, type NodeStatus, RaftNode } from '@quorate/node';
import { type EtcdServerConfig, type ResolvedConfig, resolveConfig } from './config.ts';
import { etcdsDirectory, raftDirectory, storeDirectory } from './data-directory.ts';
import { EtcdServerError, inEtcdTerms } from './errors.ts';
import { GrpcDoor } from './grpc/grpc-door.ts';
import { HttpDoor } from './http/http-door.ts';
import type { CommandResult } from './machine/command.ts';
import { EtcdMachine } from './machine/etcd-machine.ts';
import { Member } from './member.ts';
import { publishUntilKnown } from './publish.ts';
import { inRecoveredCluster } from './recovery/recovered-config.ts';
import { ETCD_SERVICES, etcdMethods } from './services/services.ts';

/** What one member knows about itself and its cluster, for a person who watches. */
export interface EtcdServerStatus extends NodeStatus {
  readonly name: string;
  /** The store's revision; 1 when nothing was ever written. */
  readonly revision: number;
  /** Bytes that the store takes on disk. */
  readonly dbSizeBytes: number;
}

interface Parts {
  readonly config: ResolvedConfig;
  readonly node: RaftNode<CommandResult>;
  readonly machine: EtcdMachine;
  readonly member: Member;
  readonly door: GrpcDoor;
  readonly http: HttpDoor;
}

/** Kept behind a snapshot for a member that is slow, as in etcd; fewer where little is to be kept. */
const MAX_KEPT_ENTRIES = 5000;

/** How long a client may take to read its last answer before it is cut off. */
const LAST_ANSWERS_MS = 1000;

/** One member: a durable replica of the key-value store that etcd v3 clients talk to over gRPC. */
export class EtcdServer implements AsyncDisposable {
  readonly name: string;
  readonly memberId: number;
  readonly clusterId: number;
  /** Where clients are served, with the real port where 0 was asked for: `http://127.0.0.1:2379`. */
  readonly clientUrls: readonly string[];
  /**
   * Resolves when `close` is done. Rejects when the server had to stop by itself (a failed disk,
   * a broken invariant), so that the process can say why and exit with status 1.
   */
  readonly stopped: Promise<void>;
  /** Resolves when the cluster knows where clients reach this member, or when it is stopped. */
  readonly ready: Promise<void>;
  readonly #parts: Parts;
  readonly #stopPublishing = new AbortController();
  #closing: Promise<void> | undefined;

  private constructor(parts: Parts) {
    const { config, node, member, door } = parts;
    this.name = config.name;
    this.memberId = config.memberId;
    this.clusterId = config.clusterId;
    this.clientUrls = door.urls;
    this.#parts = parts;
    this.stopped = node.ended.then(async (error) => {
      await this.close();
      if (error !== undefined) throw inEtcdTerms(error, config.dataDir);
    });
    // Whoever does not ask must not be ended by it.
    this.stopped.catch(() => {});
    this.ready = publishUntilKnown(member, config, this.#stopPublishing.signal);
  }

  /**
   * Opens the data directory, listens for peers and clients, and joins the election. Resolves as
   * soon as clients can connect; requests that come before there is a leader wait for one.
   *
   * @throws {EtcdServerError} with a code and a remedy; nothing is left listening or locked.
   */
  static async open(settings: EtcdServerConfig): Promise<EtcdServer> {
    const config = await inRecoveredCluster(resolveConfig(settings));
    await refuseToJoin(config);
    refuseEtcdsData(config);
    const machine = new EtcdMachine(storeDirectory(config.dataDir));
    const node = await openNode(config, machine);
    try {
      const member = new Member(node, machine, config);
      const http = new HttpDoor(member);
      const door = await GrpcDoor.open({
        methods: etcdMethods(member, config.members),
        services: ETCD_SERVICES,
        listen: config.listenClients,
        maxRequestBytes: config.maxRequestBytes,
        http1: (socket) => http.accept(socket),
      });
      return new EtcdServer({ config, node, machine, member, door, http });
    } catch (error) {
      await node.close();
      throw error;
    }
  }

  status(): EtcdServerStatus {
    const { node, machine } = this.#parts;
    const { revision } = machine.store;
    const dbSizeBytes = machine.store.size().allocated;
    return { ...node.status(), name: this.name, revision, dbSizeBytes };
  }

  /** Waits until this member knows a leader. */
  async waitForLeader({ signal }: { readonly signal?: AbortSignal } = {}): Promise<void> {
    await this.#parts.member.waitForLeader(signal);
  }

  /** Stops accepting, answers or fails what is in flight, makes everything durable, lets go of the directory. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    const { config, node, member, door, http } = this.#parts;
    this.#stopPublishing.abort();
    const finished = door.finish();
    // With a leader, what is under way is answered within moments. Without one it never may be.
    await Promise.race([finished, member.settled(config.electionTimeoutMs)]);
    member.stop();
    await Promise.race([finished, wait(LAST_ANSWERS_MS)]);
    door.cut();
    http.cut();
    await node.close();
  }
}

/** Without data of its own, a member of an existing cluster would have to be let in by the others. */
async function refuseToJoin({ initialClusterState, dataDir }: ResolvedConfig): Promise<void> {
  if (initialClusterState === 'new') return;
  const found = await readdir(raftDirectory(dataDir)).catch(() => []);
  if (found.length > 0) return;
  throw new EtcdServerError(
    'ETCD_CONFIG_UNSUPPORTED',
    `initialClusterState is 'existing', but ${dataDir} holds no member of a cluster, and joining a ` +
      "running cluster is not supported yet; give the member's data directory, or start a 'new' cluster",
  );
}

/** The default directory is etcd's, and an empty store in its place would look like a loss of all keys. */
function refuseEtcdsData({ dataDir }: ResolvedConfig): void {
  const found = etcdsDirectory(dataDir);
  if (!existsSync(found)) return;
  throw new EtcdServerError(
    'ETCD_DATA_DIR_MISMATCH',
    `${found} holds data of etcd's own, which this server cannot read; give it a directory for itself, ` +
      'and copy the keys from a running etcd if they are needed',
  );
}

async function openNode(
  config: ResolvedConfig,
  machine: EtcdMachine,
): Promise<RaftNode<CommandResult>> {
  const { heartbeatIntervalMs, electionTimeoutMs, trace } = config;
  try {
    await makeDirectories(config.dataDir, 0o700);
    return await RaftNode.open<CommandResult>({
      id: config.memberId,
      clusterId: config.clusterId,
      peers: Object.fromEntries(config.members.map(({ id, address }) => [id, address])),
      listen: config.listenPeers,
      directory: raftDirectory(config.dataDir),
      machine,
      raft: { heartbeatIntervalMs, electionTimeoutMs },
      snapshotEntries: config.snapshotCount,
      keepEntries: Math.min(config.snapshotCount, MAX_KEPT_ENTRIES),
      maxCommandBytes: config.maxRequestBytes,
      log: config.log,
      ...(trace === undefined ? {} : { trace }),
    });
  } catch (error) {
    throw inEtcdTerms(error, config.dataDir);
  }
}
