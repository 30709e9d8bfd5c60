/**
 * What one durable write costs: `node packages/node/bench/log.mjs [directory]`, after a build.
 *
 * Single writes of 1, 16 and 256 commands of 256 bytes, once synchronous and once through the
 * thread pool; then as much as fits, with 16 writes of 1 MB asked for at a time.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { commandBatch, configurationOf } from '@quorate/core';
import { CommandSlabBuilder } from '@quorate/wire';
import { openStorage } from '../dist/storage/open-storage.js';

const WRITES = 500;
const command = Buffer.alloc(256, 7);
const builder = new CommandSlabBuilder({ allocate: Buffer.allocUnsafeSlow });
const root = mkdtempSync(join(process.argv[2] ?? tmpdir(), 'quorate-bench-'));

let nextIndex = 1;
let sequence = 0;

function nextWrite(commands) {
  for (let count = 0; count < commands; count += 1) builder.append(command);
  const batches = [commandBatch(1, nextIndex, builder.seal())];
  const hardState = { term: 1, votedFor: 1, commitIndex: nextIndex - 1 };
  nextIndex += commands;
  sequence += 1;
  return { sequence, hardState, batches, snapshot: undefined };
}

function durable(log, write) {
  return new Promise((resolve, reject) => {
    if (log.write(write, { durable: resolve, failed: reject })) resolve();
  });
}

async function open(name, syncWriteBytes) {
  nextIndex = 1;
  const initialConfiguration = configurationOf([1]);
  const directory = join(root, name);
  return openStorage({ directory, clusterId: 1, nodeId: 1, initialConfiguration, syncWriteBytes });
}

async function measureSingle(name, syncWriteBytes, commands) {
  const storage = await open(`${name}-${commands}`, syncWriteBytes);
  const times = [];
  for (let turn = 0; turn < WRITES; turn += 1) {
    const write = nextWrite(commands);
    const start = performance.now();
    await durable(storage.log, write);
    times.push(1_000 * (performance.now() - start));
  }
  await storage.close();
  times.sort((a, b) => a - b);
  const [p50, p99] = [0.5, 0.99].map((share) => Math.round(times[Math.floor(WRITES * share)]));
  console.log(`${name}, ${commands} commands a write: p50 ${p50} µs, p99 ${p99} µs`);
}

async function measureBulk() {
  const storage = await open('bulk', undefined);
  const start = performance.now();
  let bytes = 0;
  for (let round = 0; round < 16; round += 1) {
    const writes = Array.from({ length: 16 }, () => nextWrite(4_000));
    for (const { batches } of writes) bytes += batches[0].byteLength;
    await Promise.all(writes.map((write) => durable(storage.log, write)));
  }
  const seconds = (performance.now() - start) / 1_000;
  console.log(`bulk: ${Math.round(bytes / seconds / 1e6)} MB/s`);
  await storage.close();
}

try {
  for (const commands of [1, 16, 256]) {
    await measureSingle('synchronous', undefined, commands);
    await measureSingle('thread pool', 0, commands);
  }
  await measureBulk();
} finally {
  rmSync(root, { recursive: true });
}
