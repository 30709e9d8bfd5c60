/**
 * What the key-value store costs on lmdb: `node packages/etcd/bench/store.mjs [keys]` after a build.
 * CPU is of all threads of the process, so it includes what is written to disk behind the scenes.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KvStore, putRequest, rangeRequest } from '@quorate/kv';
import { LmdbStore } from '../dist/store/lmdb-store.js';

const KEYS = Number(process.argv[2] ?? 50_000);
const value = new Uint8Array(256).fill(7);
const keyOf = (n) => Buffer.from(`/bench/${String((n * 7919) % KEYS).padStart(8, '0')}`);

async function measure(name, count, work) {
  const cpu = process.cpuUsage();
  const start = performance.now();
  await work();
  const wall = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  const each = (µs) => (µs / count).toFixed(2).padStart(8);
  console.log(`${name.padEnd(34)}${each(user + system)}${each(wall * 1000)}`);
}

console.log(`${KEYS} keys of 15 bytes, values of 256 bytes; µs for each`.padEnd(34));
console.log(`${''.padEnd(34)}     CPU    wall`);
for (const batch of [1, 64, 1000]) {
  const directory = mkdtempSync(join(tmpdir(), 'bench-store-'));
  const store = KvStore.open(LmdbStore.open(directory), { leaseExists: () => false });
  const round = async (from) => {
    for (let at = 0; at < KEYS; at += batch) {
      await store.ready();
      store.applyBatch(from + at, (writer) => {
        for (let n = at; n < Math.min(KEYS, at + batch); n++) {
          writer.apply(putRequest({ key: keyOf(n), value }));
        }
      });
    }
    await store.sync();
  };
  await measure(`put, new key, ${batch} a transaction`, KEYS, () => round(0));
  await measure(`put, again, ${batch} a transaction`, KEYS, () => round(KEYS));
  if (batch === 1000) {
    await measure('get', KEYS, () => {
      for (let n = 0; n < KEYS; n++) store.range(rangeRequest({ key: keyOf(n) }));
    });
    const all = rangeRequest({ key: Buffer.from('/bench/'), rangeEnd: Buffer.from('/bench0') });
    await measure('scan, a row', KEYS, () => store.range(all));
    await measure('scan at an old revision, a row', KEYS, () => {
      store.range({ ...all, revision: KEYS + 1 });
    });
    await measure('count, a row', KEYS, () => store.range({ ...all, countOnly: true }));
    await measure('hash, a change', 2 * KEYS, () => store.hashKv(0));
    await measure('snapshot, a row', KEYS * 4, () => {
      const snapshot = store.snapshot();
      for (const _ of snapshot.chunks());
      snapshot.close();
    });
    store.applyBatch(2 * KEYS, (writer) =>
      writer.apply({ kind: 'compaction', revision: store.revision }),
    );
    await measure('compaction, a change', 2 * KEYS, async () => {
      while (store.compactSome(1000)) await store.ready();
      await store.sync();
    });
    const { allocated, inUse } = store.size();
    console.log(`file ${allocated >> 20} MiB, in use ${inUse >> 20} MiB`);
  }
  await store.close();
  rmSync(directory, { recursive: true, force: true });
}
