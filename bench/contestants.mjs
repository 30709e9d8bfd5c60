/** Who takes part, and how each is started. */

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const bin = (name) => join(here, 'peers', 'bin', name);

export const MODES = ['durable', 'memory', 'process'];

export const OURS = 'quorate';
/** The system that the targets name. */
export const RIVAL = 'etcd/raft 3.4.23';
const HASHICORP = 'hashicorp/raft 1.1.2';

/**
 * A mode's contestants, ours first. `level` says what compares with what: whole nodes that are
 * awaited, or the protocol alone. Of each peer the variant that was best in its own figures: etcd
 * in the order of etcdserver when it writes to a disk, hashicorp with batches of up to 1,024.
 */
export function contestantsOf(mode, withPeers) {
  const all = withPeers ? [...oursOf(mode), ...peersOf(mode)] : oursOf(mode);
  return all.map((contestant) => ({ level: 'node', ...contestant, mode }));
}

function oursOf(mode) {
  const system = OURS;
  if (mode !== 'process') return [{ system, variant: 'RaftNode', command: nodeProgram('node') }];
  return [
    { system, variant: 'RaftNode', command: nodeProgram('process') },
    { system, variant: 'core, direct calls', command: nodeProgram('core'), level: 'core' },
  ];
}

const nodeProgram = (name) => [process.execPath, join(here, `${name}.mjs`)];

function peersOf(mode) {
  const etcd = bin('etcdraft-bench');
  const hashicorp = bin('hcraft-bench');
  const batches = ['-maxappend', '1024'];
  const hashicorpVariant = 'MaxAppendEntries=1024';
  if (mode === 'process') {
    return [
      { system: RIVAL, variant: 'raft.Node', command: [etcd, 'bench', '-inproc'] },
      { system: RIVAL, variant: 'RawNode, direct calls', command: [etcd, 'core'], level: 'core' },
      {
        system: HASHICORP,
        variant: hashicorpVariant,
        command: [hashicorp, 'bench', '-inproc', ...batches],
      },
    ];
  }
  const order = mode === 'durable' ? 'server' : 'example';
  return [
    {
      system: RIVAL,
      variant: mode === 'durable' ? 'etcdserver order' : 'raftexample order',
      command: [etcd, 'node', '-order', order],
    },
    { system: HASHICORP, variant: hashicorpVariant, command: [hashicorp, 'node', ...batches] },
  ];
}

const DEBIAN_PACKAGES = {
  'golang-github-hashicorp-raft-dev': 'github.com/hashicorp/raft',
  'golang-github-hashicorp-raft-boltdb-dev': 'github.com/hashicorp/raft-boltdb',
  'golang-etcd-server-dev': 'go.etcd.io/etcd/raft',
};

/** Builds the peers from Debian's Go packages. Throws a sentence for the person at the keyboard. */
export function buildPeers() {
  const missing = Object.entries(DEBIAN_PACKAGES)
    .filter(([, path]) => !existsSync(join('/usr/share/gocode/src', path)))
    .map(([name]) => name);
  if (spawnSync('go', ['version']).error !== undefined) missing.unshift('golang-go');
  if (missing.length > 0) {
    throw new Error(
      'the peers are built from Debian 12 packages, and some are not installed. Run\n' +
        `    apt-get install -y --no-install-recommends ${missing.join(' ')}\n` +
        'or leave out --peers',
    );
  }
  const build = spawnSync(join(here, 'peers', 'build.sh'), { encoding: 'utf8' });
  if (build.status !== 0) throw new Error(`peers/build.sh failed:\n${build.stderr}`);
}
