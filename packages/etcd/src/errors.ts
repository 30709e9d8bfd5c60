import { KvStoreError } from '@quorate/kv';
import { RaftError, type RaftErrorCode } from '@quorate/node';
import { StoreDamagedError, StoreFailedError } from './store/store-failed-error.ts';

/** Why a server could not start or had to stop. docs/etcd-compatibility.md lists the remedies. */
export type EtcdServerErrorCode =
  /** A setting is unknown, malformed, or contradicts another one. */
  | 'ETCD_CONFIG_INVALID'
  /** The settings ask for something that etcd has and this server does not have yet. */
  | 'ETCD_CONFIG_UNSUPPORTED'
  /** Another process listens on a client or peer address of this server. */
  | 'ETCD_PORT_IN_USE'
  /** A client or peer address cannot be listened on for another reason. */
  | 'ETCD_LISTEN_FAILED'
  /** The data directory belongs to another cluster or another member. */
  | 'ETCD_DATA_DIR_MISMATCH'
  /** The data directory is in use by another process, damaged, or cannot be read or written. */
  | 'ETCD_DATA_DIR_UNUSABLE';

/** A failure that the person who runs the server can mend. `message` says how. */
export class EtcdServerError extends Error {
  override readonly name = 'EtcdServerError';
  readonly code: EtcdServerErrorCode;

  constructor(code: EtcdServerErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

const MEANINGS: Partial<Record<RaftErrorCode, EtcdServerErrorCode>> = {
  RAFT_ADDRESS_IN_USE: 'ETCD_PORT_IN_USE',
  RAFT_BAD_OPTION: 'ETCD_CONFIG_INVALID',
  RAFT_WRONG_DIRECTORY: 'ETCD_DATA_DIR_MISMATCH',
  RAFT_BAD_DIRECTORY: 'ETCD_DATA_DIR_UNUSABLE',
  RAFT_DIRECTORY_LOCKED: 'ETCD_DATA_DIR_UNUSABLE',
  RAFT_STORAGE_CORRUPT: 'ETCD_DATA_DIR_UNUSABLE',
  RAFT_DISK_FAILED: 'ETCD_DATA_DIR_UNUSABLE',
  RAFT_DISK_FULL: 'ETCD_DATA_DIR_UNUSABLE',
};

/** What the file system says of a directory that cannot be made or written. */
const UNUSABLE = new Set([
  'EACCES',
  'EEXIST',
  'EISDIR',
  'ELOOP',
  'ENAMETOOLONG',
  'ENOENT',
  'ENOSPC',
  'ENOTDIR',
  'EPERM',
  'EROFS',
]);

/** A failure of the parts below, in words that the person who runs the server knows. */
export function inEtcdTerms(error: unknown, dataDir: string): unknown {
  const isOfStore = [KvStoreError, StoreDamagedError, StoreFailedError].some(
    (kind) => error instanceof kind,
  );
  if (isOfStore) return unusable(dataDir, (error as Error).message, error);
  if (error instanceof RaftError) {
    if (error.code === 'RAFT_MACHINE_FAILED') {
      // The machine is our own store: what failed in it is what there is to say.
      const told = inEtcdTerms(error.cause, dataDir);
      return told instanceof EtcdServerError ? told : error;
    }
    const code = MEANINGS[error.code];
    return code === undefined ? error : new EtcdServerError(code, error.message, { cause: error });
  }
  const { code, message } = (error ?? {}) as Partial<NodeJS.ErrnoException>;
  if (!UNUSABLE.has(code ?? '')) return error;
  return unusable(dataDir, `${message}; make it a directory that this user can write`, error);
}

function unusable(dataDir: string, problem: string, cause: unknown): EtcdServerError {
  const message = `data directory ${dataDir}: ${problem}`;
  return new EtcdServerError('ETCD_DATA_DIR_UNUSABLE', message, { cause });
}
