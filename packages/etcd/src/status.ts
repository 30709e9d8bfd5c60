/**
 * How a request fails, in etcd's words. Clients match on code and text, so both are part of the
 * protocol and may not be reworded.
 */

import type { KvError } from '@quorate/kv';

/** gRPC's status codes, as far as etcd answers with them. */
export const Code = {
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  NOT_FOUND: 5,
  RESOURCE_EXHAUSTED: 8,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
} as const;

export type Code = (typeof Code)[keyof typeof Code];

/** The answer to a request that failed. Thrown by handlers; the door turns it into its own form. */
export class EtcdStatus extends Error {
  override readonly name = 'EtcdStatus';
  readonly code: Code;

  constructor(code: Code, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

const KV_STATUS: Readonly<Record<KvError, readonly [Code, string]>> = {
  emptyKey: [Code.INVALID_ARGUMENT, 'etcdserver: key is not provided'],
  valueProvided: [Code.INVALID_ARGUMENT, 'etcdserver: value is provided'],
  leaseProvided: [Code.INVALID_ARGUMENT, 'etcdserver: lease is provided'],
  keyNotFound: [Code.INVALID_ARGUMENT, 'etcdserver: key not found'],
  leaseNotFound: [Code.NOT_FOUND, 'etcdserver: requested lease not found'],
  tooManyOps: [Code.INVALID_ARGUMENT, 'etcdserver: too many operations in txn request'],
  duplicateKey: [Code.INVALID_ARGUMENT, 'etcdserver: duplicate key given in txn request'],
  compacted: [Code.OUT_OF_RANGE, 'etcdserver: mvcc: required revision has been compacted'],
  futureRevision: [Code.OUT_OF_RANGE, 'etcdserver: mvcc: required revision is a future revision'],
};

/** What the data model refuses. */
export const kvStatus = (error: KvError): EtcdStatus => new EtcdStatus(...KV_STATUS[error]);

const unavailable =
  (text: string) =>
  (cause?: unknown): EtcdStatus =>
    new EtcdStatus(Code.UNAVAILABLE, `etcdserver: ${text}`, { cause });

/** The client asked for a member that knows a leader, and this one does not. */
export const noLeader = unavailable('no leader');
export const leaderChanged = unavailable('leader changed');
export const serverStopped = unavailable('server stopped');
export const timedOut = unavailable('request timed out');
export const timedOutLeaderFailed = unavailable(
  'request timed out, possibly due to previous leader failure',
);
export const timedOutConnectionLost = unavailable(
  'request timed out, possibly due to connection lost',
);

export const requestTooLarge = (): EtcdStatus =>
  new EtcdStatus(Code.INVALID_ARGUMENT, 'etcdserver: request is too large');

export const tooManyRequests = (cause?: unknown): EtcdStatus =>
  new EtcdStatus(Code.RESOURCE_EXHAUSTED, 'etcdserver: too many requests', { cause });

export const spaceExceeded = (cause?: unknown): EtcdStatus =>
  new EtcdStatus(Code.RESOURCE_EXHAUSTED, 'etcdserver: mvcc: database space exceeded', { cause });

/** As Go's gRPC server answers. */
export const unknownMethod = (service: string, method: string): EtcdStatus =>
  new EtcdStatus(Code.UNIMPLEMENTED, `unknown method ${method} for service ${service}`);

export const unknownService = (service: string): EtcdStatus =>
  new EtcdStatus(Code.UNIMPLEMENTED, `unknown service ${service}`);

/** A handler threw something that is not an answer: a bug here, told to the client without detail. */
export const internalError = (cause: unknown): EtcdStatus =>
  new EtcdStatus(Code.INTERNAL, 'quorate: internal error', { cause });
