/**
 * The settings of one member, with etcd's names and etcd's defaults where they mean the same.
 *
 * `resolveConfig` refuses what cannot work before anything is opened or listened on, so that a
 * mistake costs a message and never a data directory.
 */

import type { TraceSink } from '@quorate/core';
import { LARGEST_COMMAND_BYTES, type PeerAddress } from '@quorate/node';
import { EtcdServerError } from './errors.ts';
import { clusterIdOf, memberIdOf } from './identity.ts';

export interface EtcdServerConfig {
  /** A name for people, unique in the cluster. @default 'default' */
  readonly name?: string;
  /** Where the log, the snapshots and the store live. @default `${name}.etcd` in the working directory */
  readonly dataDir?: string;
  /** Where to listen for clients. Port 0 takes a free one. @default ['http://localhost:2379'] */
  readonly listenClientUrls?: readonly string[];
  /** What clients are told. Required by etcd, and here, when `listenClientUrls` is given. @default ['http://localhost:2379'] */
  readonly advertiseClientUrls?: readonly string[];
  /** Where to listen for peers; exactly one for now. @default ['http://localhost:2380'] */
  readonly listenPeerUrls?: readonly string[];
  /** Where peers find this member; exactly one for now. @default ['http://localhost:2380'] */
  readonly initialAdvertisePeerUrls?: readonly string[];
  /** `name=url,name=url,...`, this member included. @default `${name}=${initialAdvertisePeerUrls}` */
  readonly initialCluster?: string;
  /** `existing` opens a member of a cluster that runs already. @default 'new' */
  readonly initialClusterState?: 'new' | 'existing';
  /** Two clusters that should never mix need two tokens. @default 'etcd-cluster' */
  readonly initialClusterToken?: string;
  /** Milliseconds between two heartbeats. @default 100 */
  readonly heartbeatIntervalMs?: number;
  /** Milliseconds; at least five heartbeats, at most 50,000. @default 1000 */
  readonly electionTimeoutMs?: number;
  /** Applied commands after which the log is compacted. @default 100_000 */
  readonly snapshotCount?: number;
  /** Largest client request in bytes; at most 33_554_432. @default 1_572_864 (1.5 MiB) */
  readonly maxRequestBytes?: number;
  /** Facts about the protocol's decisions, for tests and tools. */
  readonly trace?: TraceSink;
  /** One call for each noteworthy event; silence otherwise. */
  readonly log?: ServerLog;
}

export type ServerLog = (level: 'info' | 'warn' | 'error', message: string, facts: object) => void;

/** One line of `initialCluster`. */
export interface InitialMember {
  readonly id: number;
  readonly name: string;
  readonly peerUrl: string;
  readonly address: PeerAddress;
}

/** A complete and consistent configuration. */
export interface ResolvedConfig {
  readonly name: string;
  readonly dataDir: string;
  readonly clusterId: number;
  readonly memberId: number;
  readonly members: readonly InitialMember[];
  readonly listenClients: readonly PeerAddress[];
  readonly advertiseClientUrls: readonly string[];
  readonly listenPeers: PeerAddress;
  readonly initialClusterState: 'new' | 'existing';
  readonly heartbeatIntervalMs: number;
  readonly electionTimeoutMs: number;
  readonly snapshotCount: number;
  readonly maxRequestBytes: number;
  readonly trace: TraceSink | undefined;
  readonly log: ServerLog;
}

/** etcd's upper bound on an election timeout; a longer one hides failures from everyone. */
const MAX_ELECTION_TIMEOUT_MS = 50_000;
const MIN_HEARTBEATS_PER_ELECTION = 5;

const KNOWN_SETTINGS: ReadonlySet<string> = new Set<keyof EtcdServerConfig>([
  'name',
  'dataDir',
  'listenClientUrls',
  'advertiseClientUrls',
  'listenPeerUrls',
  'initialAdvertisePeerUrls',
  'initialCluster',
  'initialClusterState',
  'initialClusterToken',
  'heartbeatIntervalMs',
  'electionTimeoutMs',
  'snapshotCount',
  'maxRequestBytes',
  'trace',
  'log',
]);

/** @throws {EtcdServerError} `ETCD_CONFIG_INVALID` or `ETCD_CONFIG_UNSUPPORTED`, naming the setting. */
export function resolveConfig(config: EtcdServerConfig): ResolvedConfig {
  for (const setting of Object.keys(config)) {
    if (!KNOWN_SETTINGS.has(setting)) throw invalid(`unknown setting '${setting}'`);
  }
  const name = config.name ?? 'default';
  if (name === '' || /[,=]/.test(name)) {
    throw invalid(`name '${name}' must not be empty and must not contain ',' or '='`);
  }
  const listenClients = listenClientsOf(config);
  const advertisedPeer = singleUrl(config.initialAdvertisePeerUrls, 'initialAdvertisePeerUrls');
  const members = membersOf(
    config.initialCluster ?? `${name}=${advertisedPeer}`,
    config.initialClusterToken ?? 'etcd-cluster',
  );
  const self = selfAmong(members, name, advertisedPeer);
  return {
    name,
    dataDir: config.dataDir ?? `${name}.etcd`,
    clusterId: clusterIdOf(members.map((member) => member.id)),
    memberId: self.id,
    members,
    listenClients,
    advertiseClientUrls: advertisedClientsOf(config),
    listenPeers: listenPeersOf(config),
    initialClusterState: clusterStateOf(config.initialClusterState ?? 'new'),
    snapshotCount: positive(config.snapshotCount ?? 100_000, 'snapshotCount'),
    maxRequestBytes: maxRequestBytesOf(config),
    trace: config.trace,
    log: config.log ?? (() => {}),
    ...timesOf(config),
  };
}

function timesOf(config: EtcdServerConfig) {
  const heartbeatIntervalMs = positive(config.heartbeatIntervalMs ?? 100, 'heartbeatIntervalMs');
  const electionTimeoutMs = positive(config.electionTimeoutMs ?? 1000, 'electionTimeoutMs');
  if (electionTimeoutMs < MIN_HEARTBEATS_PER_ELECTION * heartbeatIntervalMs) {
    throw invalid(
      `electionTimeoutMs (${electionTimeoutMs}) should be at least ${MIN_HEARTBEATS_PER_ELECTION} ` +
        `times heartbeatIntervalMs (${heartbeatIntervalMs}), or a few lost heartbeats unseat the leader`,
    );
  }
  if (electionTimeoutMs > MAX_ELECTION_TIMEOUT_MS) {
    throw invalid(
      `electionTimeoutMs (${electionTimeoutMs}) is too long; set it to at most ${MAX_ELECTION_TIMEOUT_MS}`,
    );
  }
  return { heartbeatIntervalMs, electionTimeoutMs };
}

function maxRequestBytesOf(config: EtcdServerConfig): number {
  const bytes = positive(config.maxRequestBytes ?? 1_572_864, 'maxRequestBytes');
  if (bytes <= LARGEST_COMMAND_BYTES) return bytes;
  throw invalid(
    `maxRequestBytes (${bytes}) is too large; set it to at most ${LARGEST_COMMAND_BYTES}`,
  );
}

function listenClientsOf(config: EtcdServerConfig): readonly PeerAddress[] {
  const urls = config.listenClientUrls ?? ['http://localhost:2379'];
  if (config.listenClientUrls !== undefined && config.advertiseClientUrls === undefined) {
    throw invalid('advertiseClientUrls is required when listenClientUrls is set explicitly');
  }
  if (urls.length === 0) throw invalid('listenClientUrls must name at least one URL');
  return urls.map((url) => listenAddressOf(url, 'listenClientUrls'));
}

function advertisedClientsOf(config: EtcdServerConfig): readonly string[] {
  const urls = config.advertiseClientUrls ?? ['http://localhost:2379'];
  if (urls.length === 0) throw invalid('advertiseClientUrls must name at least one URL');
  for (const url of urls) addressOf(url, 'advertiseClientUrls');
  return [...urls].sort();
}

function listenPeersOf(config: EtcdServerConfig): PeerAddress {
  return listenAddressOf(singleUrl(config.listenPeerUrls, 'listenPeerUrls'), 'listenPeerUrls');
}

function singleUrl(urls: readonly string[] | undefined, setting: string): string {
  const [url, ...more] = urls ?? ['http://localhost:2380'];
  if (url === undefined) throw invalid(`${setting} must name a URL`);
  if (more.length > 0) {
    throw unsupported(`${setting} names ${more.length + 1} URLs; give exactly one`);
  }
  return url;
}

function membersOf(initialCluster: string, token: string): readonly InitialMember[] {
  const members = initialCluster.split(',').map((pair): InitialMember => {
    const separator = pair.indexOf('=');
    if (separator <= 0 || separator === pair.length - 1) {
      throw invalid(`initialCluster has '${pair}'; write it as name=http://host:port`);
    }
    const name = pair.slice(0, separator).trim();
    const peerUrl = pair.slice(separator + 1).trim();
    const address = addressOf(peerUrl, 'initialCluster');
    return { id: memberIdOf(peerUrl, token), name, peerUrl, address };
  });
  refuseTwins(members, (member) => member.peerUrl, 'initialCluster has duplicate urls:');
  refuseTwins(members, (member) => member.name, 'initialCluster gives a member more than one URL:');
  return members;
}

function refuseTwins(
  members: readonly InitialMember[],
  keyOf: (member: InitialMember) => string,
  complaint: string,
): void {
  const seen = new Set<string>();
  for (const member of members) {
    const key = keyOf(member);
    if (seen.has(key)) throw invalid(`${complaint} '${key}'; list each member once`);
    seen.add(key);
  }
}

function selfAmong(
  members: readonly InitialMember[],
  name: string,
  advertisedPeer: string,
): InitialMember {
  const self = members.find((member) => member.name === name);
  if (self === undefined) {
    throw invalid(
      `couldn't find local name "${name}" in the initial cluster configuration ` +
        `(${members.map((member) => member.name).join(', ')}); set name or initialCluster`,
    );
  }
  if (advertisedPeer !== self.peerUrl) {
    throw invalid(
      `initialCluster has ${name}=${self.peerUrl} but initialAdvertisePeerUrls is ` +
        `${advertisedPeer}; they must be the same`,
    );
  }
  return self;
}

function clusterStateOf(state: string): 'new' | 'existing' {
  if (state === 'new' || state === 'existing') return state;
  throw invalid(`initialClusterState is '${state}'; it must be 'new' or 'existing'`);
}

function positive(value: number, setting: string): number {
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw invalid(`${setting} must be a whole number above 0, got ${value}`);
}

/**
 * Like etcd, listens on an IP address or on localhost: another name may resolve to a host that is
 * not this one. localhost is its IPv4 address, as in Go.
 */
function listenAddressOf(url: string, setting: string): PeerAddress {
  const address = addressOf(url, setting);
  if (address.host === 'localhost') return { host: '127.0.0.1', port: address.port };
  if (isIpAddress(address.host)) return address;
  throw invalid(`expected IP in URL for binding (${url}) in ${setting}; use an IP or localhost`);
}

function addressOf(url: string, setting: string): PeerAddress {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch (cause) {
    throw invalid(`${setting} has '${url}', which is not a URL like http://127.0.0.1:2379`, cause);
  }
  if (parsed.protocol === 'https:') {
    throw unsupported(`${setting} has ${url}: TLS is not supported yet; use http://`);
  }
  if (parsed.protocol !== 'http:') {
    throw invalid(`${setting} has ${url}: URL scheme must be http`);
  }
  if (parsed.pathname !== '/' || parsed.search !== '' || url.endsWith('/')) {
    throw invalid(`${setting} has ${url}: URL must not contain a path`);
  }
  const port = /:(\d+)$/.exec(url)?.[1];
  if (port === undefined) throw invalid(`${setting} has ${url}: URL address needs a port`);
  return { host: parsed.hostname.replace(/^\[|\]$/g, ''), port: Number(port) };
}

const isIpAddress = (host: string): boolean => host.includes(':') || /^[\d.]+$/.test(host);

function invalid(message: string, cause?: unknown): EtcdServerError {
  return new EtcdServerError('ETCD_CONFIG_INVALID', message, { cause });
}

function unsupported(message: string): EtcdServerError {
  return new EtcdServerError('ETCD_CONFIG_UNSUPPORTED', message);
}
