/**
 * The disk refused a write of the key-value store. Nothing acknowledged is lost, the raft log has it,
 * but this server can no longer serve: free some space or replace the disk, then restart.
 */
export class StoreFailedError extends Error {
  override readonly name = 'StoreFailedError';
  readonly code = 'KV_STORE_FAILED';

  constructor(cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(`the key-value store could not be written: ${reason}; free space, then restart`, {
      cause,
    });
  }
}

/** The file of the key-value store is not what was written to it. Nothing was changed. */
export class StoreDamagedError extends Error {
  override readonly name = 'StoreDamagedError';
  readonly code = 'KV_STORE_DAMAGED';

  constructor(problem: string) {
    super(
      `${problem}; restore it and the log beside it from one backup, or let this server join ` +
        'anew with an empty disk',
    );
  }
}
