/**
 * Who is who, derived as etcd derives it: a member's id is a hash of its peer URL and the cluster's
 * token, the cluster's id a hash of its first members' ids. Every member computes the same numbers
 * from the same flags, so nothing must be exchanged before the first start.
 *
 * etcd uses 64 bits of a SHA-1. Ids here are safe integers (53 bits), because the protocol core
 * counts in plain numbers: two clusters with the same flags have other ids than etcd's would be.
 */

import { createHash } from 'node:crypto';

const IDENTITY_BITS = 53n;

export function memberIdOf(peerUrl: string, token: string): number {
  return hashOf(`member\0${peerUrl}\0${token}`);
}

/** The order in which the members were listed does not matter. */
export function clusterIdOf(memberIds: readonly number[]): number {
  const sorted = [...memberIds].sort((a, b) => a - b);
  return hashOf(`cluster\0${sorted.join('\0')}`);
}

/** Never 0, which means "nobody" everywhere. */
function hashOf(text: string): number {
  const digest = createHash('sha256').update(text).digest();
  return Number(digest.readBigUInt64BE(0) >> (64n - IDENTITY_BITS)) || 1;
}
