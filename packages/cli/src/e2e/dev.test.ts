/** `quorate dev` as whoever types `npm start` meets it, without a terminal. */

import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { RunningCommand, run } from './command.ts';
import { freeDevPort } from './ports.ts';

class DevRun implements AsyncDisposable {
  readonly directory = mkdtempSync(join(tmpdir(), 'quorate-dev-'));
  readonly port: number;
  #command: RunningCommand | undefined;

  constructor(port: number) {
    this.port = port;
  }

  start(...args: readonly string[]): RunningCommand {
    this.#command = new RunningCommand(['dev', ...args], { directory: this.directory });
    return this.#command;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#command?.isRunning) await this.#command.end('SIGTERM');
    rmSync(this.directory, { recursive: true, force: true });
  }
}

test('three nodes: where they are, what to type, who leads; a killed one returns; the data stays', async () => {
  await using dev = new DevRun(await freeDevPort(3));
  const endpoints = [0, 20_000, 30_000].map((more) => `127.0.0.1:${dev.port + more}`);
  const first = dev.start('--port', String(dev.port), '--restart-after', '0.5');
  for (const endpoint of endpoints)
    await first.waitFor(new RegExp(endpoint.replaceAll('.', '\\.')));
  await first.waitFor(/etcdctl --endpoints=\S+ put greeting hello/);
  const leader = (await first.waitFor(/(n\d) leads term \d+/))[1]!;
  await first.waitFor(/n1 pid=\d+ \w+ term=\d+ commit=\d+ applied=\d+ {2}\| {2}n2 pid=/);

  const put = await run(['put', 'greeting', 'hello', '--endpoints', endpoints[1]!]);
  assert.deepEqual([put.status, put.stdout], [0, 'OK\n']);

  const pid = await first.waitFor(new RegExp(`${leader} pid=(\\d+) leader`));
  process.kill(Number(pid[1]), 'SIGKILL');
  await first.waitFor(new RegExp(`${leader} was killed by SIGKILL`));
  await first.waitFor(/n\d leads term \d+, [\d.]+ s after n\d was lost/);
  await first.waitFor(new RegExp(`${leader} starts again`));
  assert.equal((await first.end('SIGINT')).status, 0);

  const second = dev.start();
  await second.waitFor(/n\d leads term/);
  for (const endpoint of endpoints) {
    const get = await run(['get', 'greeting', '--endpoints', endpoint]);
    assert.equal(get.stdout, 'greeting\nhello\n', 'the same ports, the same data');
  }
  const ended = await second.end('SIGTERM');
  assert.equal(ended.status, 0);
  assert.match(ended.stdout, /Stopped\. The data is in \.\/data/);
});

test('a taken port is found before anything starts, with a remedy', async () => {
  await using dev = new DevRun(await freeDevPort(3));
  const first = dev.start('--port', String(dev.port), '--nodes', '1');
  await first.waitFor(/n1 leads term/);
  await using other = new DevRun(dev.port);
  const ended = await other.start('--port', String(dev.port)).ended;
  assert.equal(ended.status, 1);
  assert.match(ended.stderr, new RegExp(`port ${dev.port} .*\\[QUORATE_PORT_IN_USE\\]; .*--port`));
  assert.equal(existsSync(join(other.directory, 'data')), false, 'nothing was written');
});

test('nodes end with a `dev` that had no time to stop them', async () => {
  await using dev = new DevRun(await freeDevPort(3));
  const first = dev.start('--port', String(dev.port), '--nodes', '1');
  await first.waitFor(/n1 leads term/);
  await first.end('SIGKILL');
  // Starts as soon as the orphan has let go of ports and data.
  for (;;) {
    const next = dev.start();
    const started = await next.waitFor(/n1 leads term/).then(
      () => true,
      () => false,
    );
    if (started) break;
    // Its ports are free a moment before its data is.
    assert.match((await next.ended).stderr, /QUORATE_PORT_IN_USE|QUORATE_INCOMPLETE/);
  }
});
