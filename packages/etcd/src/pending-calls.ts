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
  #onSettled: (() => void) | undefined;
  /** In the order of arrival, hence of expiry. */
  readonly #pending = new Set<PendingCall>();
  #timer: NodeJS.Timeout | undefined;

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  /** @param onTimeout The reason to fail with, asked for when it is needed. */
  wait<T>(work: Promise<T>, onTimeout: () => unknown): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const call = { expiresAt: performance.now() + this.#timeoutMs, fail: reject, onTimeout };
      this.#pending.add(call);
      this.#timer ??= setTimeout(this.#expire, this.#timeoutMs);
      work.then(
        (result) => {
          this.#remove(call);
          resolve(result);
        },
        (error) => {
          this.#remove(call);
          reject(error);
        },
      );
    });
  }

  /** Resolves when nothing waits, or after that time. */
  settled(timeoutMs: number): Promise<void> {
    if (this.#pending.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.#onSettled = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  failAll(reason: unknown): void {
    for (const call of this.#pending) call.fail(reason);
    this.#pending.clear();
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #remove(call: PendingCall): void {
    this.#pending.delete(call);
    if (this.#pending.size === 0) this.#onSettled?.();
  }

  readonly #expire = (): void => {
    this.#timer = undefined;
    const now = performance.now();
    for (const call of this.#pending) {
      if (call.expiresAt > now) {
        this.#timer = setTimeout(this.#expire, call.expiresAt - now);
        return;
      }
      this.#remove(call);
      call.fail(call.onTimeout());
    }
  };
}
