/**
 * How a request fails: named after etcd's errors; their texts and gRPC codes are @quorate/etcd's.
 *
 * - emptyKey: a key is empty.
 * - valueProvided, leaseProvided: given together with ignore_value or ignore_lease.
 * - keyNotFound: ignore_value or ignore_lease on a missing key; or an operation that is none.
 * - leaseNotFound: a put names a lease that does not exist.
 * - tooManyOps: more than 128 compares or operations in a list of a transaction.
 * - duplicateKey: a transaction puts one key twice, or puts a key that it deletes.
 * - compacted: the revision is below the compact revision.
 * - futureRevision: the revision has not happened yet.
 */
export type KvError =
  | 'emptyKey'
  | 'valueProvided'
  | 'leaseProvided'
  | 'keyNotFound'
  | 'leaseNotFound'
  | 'tooManyOps'
  | 'duplicateKey'
  | 'compacted'
  | 'futureRevision';

/** The answer to a request that fails. It has changed nothing. */
export interface KvFailure {
  readonly kind: 'failed';
  readonly error: KvError;
  /** The store's revision, for the header. */
  readonly revision: number;
}

/**
 * - KV_FORMAT_UNKNOWN: the store was written by another version of this program, or is not a
 *   key-value store. Use that version, or restore from a member.
 * - KV_SNAPSHOT_DAMAGED: a snapshot does not parse or is cut short. Fetch it again.
 */
export type KvStoreErrorCode = 'KV_FORMAT_UNKNOWN' | 'KV_SNAPSHOT_DAMAGED';

/** The store itself is in trouble; no request causes this. */
export class KvStoreError extends Error {
  override readonly name = 'KvStoreError';
  readonly code: KvStoreErrorCode;

  constructor(code: KvStoreErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
