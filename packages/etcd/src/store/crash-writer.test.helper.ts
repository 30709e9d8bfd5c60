/** The victim of crash.test.ts: writes until it is killed or fails, and says on its output what is synced. */

import { pathToFileURL } from 'node:url';
import {
  deleteRangeRequest,
  KvStore,
  putRequest,
  txnRequest,
  type WriteRequest,
} from '@quorate/kv';
import { LmdbStore } from './lmdb-store.ts';
import type { StoreFailedError } from './store-failed-error.ts';

/** The command at a raft index: a put mostly, and now and then something larger. */
function requestAt(index: number): WriteRequest {
  const key = Buffer.from(`key ${index % 997}`);
  if (index % 1000 === 0) return { kind: 'compaction', revision: index - 800 };
  if (index % 101 === 0) return deleteRangeRequest({ key, rangeEnd: Buffer.from('key 5') });
  if (index % 13 === 0) {
    const long = Buffer.alloc(2500, index % 7);
    const success = [putRequest({ key }), putRequest({ key: long, value: key })];
    return txnRequest({ success });
  }
  return putRequest({ key, value: Buffer.alloc(index % 512, index) });
}

export function applyNumbered(store: KvStore, index: number): void {
  store.applyBatch(index, (writer) => writer.apply(requestAt(index)));
}

async function apply(store: KvStore): Promise<void> {
  for (let index = store.appliedIndex + 1; ; index++) {
    await store.ready();
    applyNumbered(store, index);
    if (index % 10 === 0) store.compactSome(20);
    if (index % 300 === 0) console.log(await store.sync());
  }
}

/** Restores a snapshot that never ends. */
async function restore(store: KvStore): Promise<void> {
  applyNumbered(store, 1);
  await store.sync();
  await store.restore(99, endless());
}

async function* endless(): AsyncGenerator<Uint8Array, void, void> {
  const row = Buffer.alloc(8 + 8 + 4096);
  row.writeUInt32BE(8, 0);
  row.writeUInt32BE(4096, 4);
  for (let n = 0; ; n++) {
    row.writeUInt32BE(n, 8);
    if (n % 400 === 0) console.log(n);
    yield Buffer.from(row);
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [directory = '', mode] = process.argv.slice(2);
  const store = KvStore.open(LmdbStore.open(directory), { leaseExists: () => false });
  await (mode === 'restore' ? restore(store) : apply(store)).catch((error: unknown) => {
    console.log((error as StoreFailedError).code);
    process.exitCode = 1;
  });
}
