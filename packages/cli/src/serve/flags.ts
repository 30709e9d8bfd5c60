/**
 * etcd's flags and environment variables, where they mean the same here.
 *
 * A flag `--initial-cluster` is the variable `ETCD_INITIAL_CLUSTER`; the flag wins. What the values
 * may be, and how they fit together, is the server's business (`resolveConfig`): here text becomes
 * settings, and what Quorate does not have is refused instead of ignored.
 */

import type { EtcdServerConfig } from '@quorate/etcd';
import { CommandError } from '../failure.ts';

export interface ServeFlag {
  /** Without the dashes, as etcd spells it. */
  readonly name: string;
  readonly argument: string;
  readonly setting: keyof EtcdServerConfig;
  readonly parse: (text: string, source: string) => unknown;
  readonly help: string;
}

export const SERVE_FLAGS: readonly ServeFlag[] = [
  flag('name', '<name>', 'name', text, 'name of this member (default: default)'),
  flag('data-dir', '<dir>', 'dataDir', text, 'where its data lives (default: <name>.etcd)'),
  flag(
    'listen-client-urls',
    '<urls>',
    'listenClientUrls',
    list,
    'where to listen for clients (default: http://localhost:2379)',
  ),
  flag(
    'advertise-client-urls',
    '<urls>',
    'advertiseClientUrls',
    list,
    'where clients are told to go (default: http://localhost:2379)',
  ),
  flag(
    'listen-peer-urls',
    '<urls>',
    'listenPeerUrls',
    list,
    'where to listen for peers (default: http://localhost:2380)',
  ),
  flag(
    'initial-advertise-peer-urls',
    '<urls>',
    'initialAdvertisePeerUrls',
    list,
    'where peers find this member (default: http://localhost:2380)',
  ),
  flag(
    'initial-cluster',
    '<members>',
    'initialCluster',
    text,
    'every member as name=url,name=url (default: this one alone)',
  ),
  flag(
    'initial-cluster-state',
    '<state>',
    'initialClusterState',
    text,
    'new, or existing for a cluster that runs already (default: new)',
  ),
  flag(
    'initial-cluster-token',
    '<token>',
    'initialClusterToken',
    text,
    'keeps clusters apart that must not mix (default: etcd-cluster)',
  ),
  flag(
    'heartbeat-interval',
    '<ms>',
    'heartbeatIntervalMs',
    count,
    'milliseconds between heartbeats (default: 100)',
  ),
  flag(
    'election-timeout',
    '<ms>',
    'electionTimeoutMs',
    count,
    'milliseconds of silence before an election (default: 1000)',
  ),
  flag(
    'snapshot-count',
    '<n>',
    'snapshotCount',
    count,
    'writes after which the log is compacted (default: 100000)',
  ),
  flag(
    'max-request-bytes',
    '<n>',
    'maxRequestBytes',
    count,
    'largest request in bytes, at most 33554432 (default: 1572864)',
  ),
];

/** Every variable that begins like this is meant for an etcd server. */
const ENVIRONMENT_PREFIX = 'ETCD_';

/** Without effect they would leave the data less protected than its owner believes. */
const NOT_TO_BE_IGNORED =
  /^(cert-file|key-file|auto-tls|client-c.*|trusted-ca-file|cipher-suites|peer-.*|discovery.*)$/;

/** Etcd's way to make a cluster out of one survivor; whoever asks for it must not get a usual start. */
export const FORCE_NEW_CLUSTER = 'force-new-cluster';

export interface ServeSettings {
  readonly config: EtcdServerConfig;
  /** What was set and has no effect: one sentence for each, for the log. */
  readonly warnings: readonly string[];
}

/**
 * @param flags values by flag name, without the dashes
 * @throws {CommandError} `QUORATE_USAGE` or `QUORATE_UNSUPPORTED`, naming the flag or the variable
 */
export function settingsFrom(
  flags: Readonly<Record<string, string | undefined>>,
  environment: Readonly<Record<string, string | undefined>>,
): ServeSettings {
  refuseForce(flags, environment);
  const config: Record<string, unknown> = {};
  for (const { name, setting, parse } of SERVE_FLAGS) {
    const given = flags[name];
    if (given !== undefined) {
      config[setting] = parse(given, `--${name}`);
      continue;
    }
    const variable = variableOf(name);
    // etcd takes an empty variable for an absent one.
    const inherited = environment[variable];
    if (inherited) config[setting] = parse(inherited, variable);
  }
  return { config: config as EtcdServerConfig, warnings: warningsAbout(environment) };
}

function refuseForce(
  flags: Readonly<Record<string, string | undefined>>,
  environment: Readonly<Record<string, string | undefined>>,
): void {
  const variable = variableOf(FORCE_NEW_CLUSTER);
  const asked = [
    [`--${FORCE_NEW_CLUSTER}`, flags[FORCE_NEW_CLUSTER]],
    [variable, environment[variable]],
  ] as const;
  for (const [source, value] of asked) {
    if (!value || value === 'false') continue;
    throw new CommandError(
      'QUORATE_UNSUPPORTED',
      `${source} is set, and no start makes a new cluster out of one member here`,
      'take it away; `quorate recover DIR --new-cluster-id N` does that once, and says first what may be lost',
    );
  }
}

function warningsAbout(environment: Readonly<Record<string, string | undefined>>): string[] {
  const known = new Set(SERVE_FLAGS.map(({ name }) => variableOf(name)));
  const ignored = Object.keys(environment).filter(
    (variable) =>
      variable.startsWith(ENVIRONMENT_PREFIX) && environment[variable] && !known.has(variable),
  );
  for (const variable of ignored) {
    const name = variable.slice(ENVIRONMENT_PREFIX.length).toLowerCase().replaceAll('_', '-');
    if (NOT_TO_BE_IGNORED.test(name) && environment[variable] !== 'false') {
      throw new CommandError(
        'QUORATE_UNSUPPORTED',
        `${variable} is set, and Quorate does not have what it asks for yet`,
        'unset it to go on without',
      );
    }
  }
  return ignored.map((variable) => `${variable} is set and has no effect here`);
}

export const variableOf = (name: string): string =>
  ENVIRONMENT_PREFIX + name.toUpperCase().replaceAll('-', '_');

/**
 * The server words its complaints with the names of its settings; a person who typed flags knows
 * them as flags.
 */
export function inFlagNames(message: string): string {
  // `name` is also an ordinary word.
  return SERVE_FLAGS.filter(({ setting }) => setting !== 'name').reduce(
    (worded, { setting, name }) => worded.replace(new RegExp(`\\b${setting}\\b`, 'g'), `--${name}`),
    message.replace('set name or', 'set --name or'),
  );
}

function flag(
  name: string,
  argument: string,
  setting: keyof EtcdServerConfig,
  parse: ServeFlag['parse'],
  help: string,
): ServeFlag {
  return { name, argument, setting, parse, help };
}

function text(value: string): string {
  return value;
}

function list(value: string): readonly string[] {
  return value.split(',').map((url) => url.trim());
}

function count(value: string, source: string): number {
  if (/^\d+$/.test(value) && Number.isSafeInteger(Number(value))) return Number(value);
  throw new CommandError(
    'QUORATE_USAGE',
    `${source} must be a whole number, got '${value}'`,
    'correct it and try again',
  );
}
