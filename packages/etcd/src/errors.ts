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
