/**
 * Requests that wait for the cluster. Each ends in time: with its result, with `onTimeout`, or with
 * `failAll` when the server stops.
 *
 * All have the same patience, so the oldest is always the first to run out of it, and one timer
 * serves them all: a timer for each would cost more than the waiting.
 */

interface PendingCall {
  readonly expiresAt: number;
  readonly fail: (reason: unknown) => void;
  readonly onTimeout: () => unknown;
}

export class PendingCalls {
  readonly #timeoutMs: number;
  /** In the order of arrival, hence of expiry. */
  readonly #pending = new Set<PendingCall>();
  #timer: NodeJS.Timeout | undefined;

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  get size(): number {
    return this.#pending.size;
  }

  /** @param onTimeout The reason to fail with, asked for when it is needed. */
  wait<T>(work: Promise<T>, onTimeout: () => unknown): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const call = { expiresAt: performance.now() + this.#timeoutMs, fail: reject, onTimeout };
      this.#pending.add(call);
      this.#timer ??= setTimeout(this.#expire, this.#timeoutMs);
      work.then(
        (result) => {
          this.#pending.delete(call);
          resolve(result);
        },
        (error) => {
          this.#pending.delete(call);
          reject(error);
        },
      );
    });
  }

  failAll(reason: unknown): void {
    for (const call of this.#pending) call.fail(reason);
    this.#pending.clear();
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  readonly #expire = (): void => {
    this.#timer = undefined;
    const now = performance.now();
    for (const call of this.#pending) {
      if (call.expiresAt > now) {
        this.#timer = setTimeout(this.#expire, call.expiresAt - now);
        return;
      }
      this.#pending.delete(call);
      call.fail(call.onTimeout());
    }
  };
}
