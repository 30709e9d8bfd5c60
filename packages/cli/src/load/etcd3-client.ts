/** The npm client `etcd3`, as `quorate load` uses it: any etcd client would do, this one is popular. */

import type { IOptions } from 'etcd3';
import type { Put } from './loader.ts';
import { optionalPackage } from './records.ts';

export interface LoadClient {
  readonly put: Put;
  /** The server refuses this record, however often it is sent. */
  isFinal(error: unknown): boolean;
  close(): void;
}

/** A put that is not answered within this is taken for lost. An election takes about a second. */
const PUT_TIMEOUT_MS = 5000;

export async function connectEtcd3(endpoints: readonly string[]): Promise<LoadClient> {
  const etcd3 = (await optionalPackage('etcd3')) as typeof import('etcd3');
  const client = new etcd3.Etcd3({
    hosts: [...endpoints],
    faultHandling: { global: ONCE, host: () => ONCE },
    defaultCallOptions: () => ({ deadline: Date.now() + PUT_TIMEOUT_MS }),
    grpcOptions: {
      'grpc.initial_reconnect_backoff_ms': 100,
      'grpc.max_reconnect_backoff_ms': 1000,
    },
  });
  const refusals = [
    etcd3.GRPCInvalidArgumentError,
    etcd3.GRPCOutOfRangeError,
    etcd3.GRPCNotImplementedError,
    etcd3.GRPCFailedPreconditionError,
    etcd3.EtcdPermissionDeniedError,
    etcd3.EtcdInvalidAuthTokenError,
  ];
  return {
    async put({ key, value }) {
      const { header } = await client.put(key).value(value).exec();
      return { revision: Number(header.revision) };
    },
    isFinal: (error) => refusals.some((refusal) => error instanceof refusal),
    close: () => client.close(),
  };
}

/**
 * Each put is tried once, by the loader's own rule. The client's default would repeat it unseen,
 * and leave a server alone for five seconds after three failures.
 */
const ONCE = {
  _altReturn: undefined as never,
  onSuccess: () => ({ dispose() {} }),
  onFailure: () => ({ dispose() {} }),
  execute: async (run: (context: { signal: AbortSignal }) => unknown) =>
    run({ signal: new AbortController().signal }),
} as unknown as NonNullable<NonNullable<IOptions['faultHandling']>['global']>;
