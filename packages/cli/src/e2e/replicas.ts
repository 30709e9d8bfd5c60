/** What each member holds, by itself, and whether all of them hold the same. */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { HASH_KV, RANGE, rangeRequest } from '../client/api.ts';
import { keyRange } from '../client/keys.ts';
import type { Member } from './member.ts';

export interface Replica {
  readonly revision: bigint;
  /** etcd's own hash over every revision up to this one. */
  readonly hashKv: number;
  /** Over every key with value, version and revisions. */
  readonly digest: string;
  readonly values: ReadonlyMap<string, string>;
}

/** Keys in one answer. */
const PAGE = 5000;

/**
 * Asserts that all members agree, revision by revision, and that each holds what was acknowledged.
 *
 * @param exact nothing else may be there either
 * @param revision compare the history up to here. @default now
 */
export async function assertReplicasHold(
  members: readonly Member[],
  acknowledged: ReadonlyMap<string, string>,
  { exact, revision: upTo }: { readonly exact: boolean; readonly revision?: bigint },
): Promise<Replica> {
  const now = await commonRevision(members);
  const revision = upTo ?? now;
  const replicas: Replica[] = [];
  // One after the other: the whole store of each is a large answer.
  for (const member of members) replicas.push(await readReplica(member, revision));
  const first = replicas[0]!;
  for (const [position, replica] of replicas.entries()) {
    const { name } = members[position]!;
    for (const [key, value] of acknowledged) {
      assert.equal(replica.values.get(key), value, `${name}: ${key} was acknowledged`);
    }
    if (exact) assert.equal(replica.values.size, acknowledged.size, `${name} holds nothing else`);
    assert.equal(replica.digest, first.digest, `${name} holds what ${members[0]!.name} holds`);
    assert.equal(replica.hashKv, first.hashKv, `${name} has the same HashKV`);
  }
  return first;
}

/** A linearizable read through each member, the first one first, brings all to this revision. */
async function commonRevision(members: readonly Member[]): Promise<bigint> {
  const request = rangeRequest({ ...keyRange('', 'prefix'), countOnly: true });
  let common: bigint | undefined;
  for (const member of members) {
    const { header } = await member.ask(RANGE, request);
    common ??= header!.revision;
  }
  return common!;
}

async function readReplica(member: Member, revision: bigint): Promise<Replica> {
  const values = new Map<string, string>();
  const digest = createHash('sha256');
  let range = keyRange('', 'prefix');
  for (;;) {
    const page = await member.ask(
      RANGE,
      rangeRequest({ ...range, revision, serializable: true, limit: BigInt(PAGE) }),
    );
    for (const { key, value, version, createRevision, modRevision } of page.kvs) {
      digest.update(key).update(value).update(`${version} ${createRevision} ${modRevision}\n`);
      values.set(Buffer.from(key).toString(), Buffer.from(value).toString());
    }
    const last = page.kvs.at(-1);
    if (!page.more || last === undefined) break;
    range = { key: Buffer.concat([last.key, Uint8Array.of(0)]), rangeEnd: range.rangeEnd };
  }
  const { hash } = await member.ask(HASH_KV, { revision });
  return { revision, hashKv: hash, digest: digest.digest('hex'), values };
}
