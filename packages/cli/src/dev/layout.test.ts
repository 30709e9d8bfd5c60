import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { CommandError } from '../failure.ts';
import { keepLayout, nodesOf, settleLayout } from './layout.ts';

async function inDirectory(use: (data: string) => void | Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'quorate-layout-'));
  try {
    await use(join(directory, 'data'));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

const refusedAs = (code: string) => (error: unknown) =>
  error instanceof CommandError && error.code === code;

test("three nodes at the ports of etcd's Procfile", async () => {
  await inDirectory((data) => {
    const nodes = nodesOf(settleLayout(data, {}), data);
    assert.deepEqual(
      nodes.map(({ name, clientPort, peerPort }) => [name, clientPort, peerPort]),
      [
        ['n1', 2379, 2380],
        ['n2', 22379, 22380],
        ['n3', 32379, 32380],
      ],
    );
  });
});

test('the data remembers its cluster, and is not mixed with another', async () => {
  await inDirectory(async (data) => {
    await keepLayout(data, settleLayout(data, { nodes: 5, port: 1234 }));
    assert.deepEqual(settleLayout(data, {}), { nodes: 5, port: 1234 });
    assert.deepEqual(settleLayout(data, { nodes: 5 }), { nodes: 5, port: 1234 });
    assert.throws(() => settleLayout(data, { nodes: 3 }), refusedAs('QUORATE_DATA_MISMATCH'));
    assert.throws(() => settleLayout(data, { port: 2379 }), refusedAs('QUORATE_DATA_MISMATCH'));
  });
});

test('a layout that is none, and a place for none, are told', async () => {
  await inDirectory(async (data) => {
    mkdirSync(data);
    for (const text of ['', 'null', '{}', '{"nodes":"3","port":2379}']) {
      writeFileSync(join(data, 'cluster.json'), text);
      assert.throws(() => settleLayout(data, {}), refusedAs('QUORATE_FILE'), text);
    }
  });
  const layout = { nodes: 3, port: 2379 };
  await assert.rejects(keepLayout('/proc/quorate', layout), refusedAs('QUORATE_FILE'));
});

test('what was asked for and did not start leaves no trace', async () => {
  await inDirectory((data) => {
    settleLayout(data, { nodes: 5 });
    assert.equal(settleLayout(data, {}).nodes, 3);
  });
});

test('too many nodes, and ports beyond the last one', async () => {
  await inDirectory((data) => {
    assert.throws(() => settleLayout(data, { nodes: 6 }), refusedAs('QUORATE_USAGE'));
    assert.throws(() => settleLayout(data, { port: 40_000 }), refusedAs('QUORATE_USAGE'));
    assert.equal(settleLayout(data, { nodes: 1, port: 65_534 }).port, 65_534);
  });
});
