/**
 * etcd's words for its data (mvccpb).
 *
 * Revisions and versions are safe integers; a lease id is any 63-bit number, because etcd draws it
 * at random, and is therefore a bigint. Bytes handed out belong to the caller and never change.
 */

/** 0n: no lease. */
export type LeaseId = bigint;

export const NO_LEASE: LeaseId = 0n;

/** One version of one key. */
export interface KeyValue {
  readonly key: Uint8Array;
  /** The revision that created the key, or created it anew after a deletion. */
  readonly createRevision: number;
  /** The revision that wrote this version. */
  readonly modRevision: number;
  /** Counts the writes since the key was created, from 1. */
  readonly version: number;
  readonly value: Uint8Array;
  readonly lease: LeaseId;
}

/**
 * A position in the history: the revision, and the place of the change within it. A transaction
 * makes one revision and numbers its changes from 0.
 */
export interface Revision {
  readonly main: number;
  readonly sub: number;
}

/** One change, in the order of revisions: what a watcher sees. */
export type KvEvent = PutEvent | DeleteEvent;

export interface PutEvent {
  readonly kind: 'put';
  readonly revision: Revision;
  readonly kv: KeyValue;
  /** The version replaced; undefined if there was none or it has been compacted. */
  readonly prevKv: KeyValue | undefined;
}

export interface DeleteEvent {
  readonly kind: 'delete';
  readonly revision: Revision;
  readonly key: Uint8Array;
  readonly prevKv: KeyValue | undefined;
}
