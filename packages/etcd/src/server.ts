import type { NodeStatus } from '@quorate/node';
import type { EtcdServerConfig } from './config.ts';

/** What one member knows about itself and its cluster, for a person who watches. */
export interface EtcdServerStatus extends NodeStatus {
  readonly name: string;
  /** The store's revision; 1 when nothing was ever written. */
  readonly revision: number;
  /** Bytes that the store takes on disk. */
  readonly dbSizeBytes: number;
}

/** One member: a durable replica of the key-value store that etcd v3 clients talk to over gRPC. */
export declare class EtcdServer implements AsyncDisposable {
  /**
   * Opens the data directory, listens for peers and clients, and joins the election. Resolves as
   * soon as clients can connect; requests that come before there is a leader wait for one.
   *
   * @throws {EtcdServerError} with a code and a remedy; nothing is left listening or locked.
   */
  static open(config: EtcdServerConfig): Promise<EtcdServer>;
  readonly name: string;
  readonly memberId: number;
  readonly clusterId: number;
  /** Where clients are served, with the real port where 0 was asked for: `http://127.0.0.1:2379`. */
  readonly clientUrls: readonly string[];
  /**
   * Resolves when `close` is done. Rejects when the server had to stop by itself (a failed disk,
   * a broken invariant), so that the process can say why and exit with status 1.
   */
  readonly stopped: Promise<void>;
  status(): EtcdServerStatus;
  /** Waits until this member knows a leader. */
  waitForLeader(options?: { readonly signal?: AbortSignal }): Promise<void>;
  /** Stops accepting, answers or fails what is in flight, makes everything durable, lets go of the directory. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}
