/**
 * One caller who waits: a promise to settle, and a signal that may end the wait.
 *
 * Hot: one for each command. It is its own listener, so that none without a signal pays for one.
 */
export class PendingCall<Result> {
  /** The caller wants a command that is surely lost to be proposed again. */
  readonly isRepeatable: boolean;
  readonly #resolve: (result: Result) => void;
  readonly #reject: (reason: unknown) => void;
  readonly #signal: AbortSignal | undefined;

  constructor(
    resolve: (result: Result) => void,
    reject: (reason: unknown) => void,
    signal: AbortSignal | undefined,
    isRepeatable: boolean,
  ) {
    this.isRepeatable = isRepeatable;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#signal = signal;
    signal?.addEventListener('abort', this, { once: true });
  }

  /** The caller has gone; what was asked for need not be done any more. */
  get isAbandoned(): boolean {
    return this.#signal?.aborted === true;
  }

  succeed(result: Result): void {
    this.#signal?.removeEventListener('abort', this);
    this.#resolve(result);
  }

  fail(reason: unknown): void {
    this.#signal?.removeEventListener('abort', this);
    this.#reject(reason);
  }

  /** The signal has fired. */
  handleEvent(): void {
    this.#reject(this.#signal?.reason);
  }
}

/** What one caller who waits costs besides the command, in bytes: promise, call and the rest. */
export const CALL_OVERHEAD_BYTES = 256;
