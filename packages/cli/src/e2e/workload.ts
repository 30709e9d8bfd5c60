/** Records on their way into a cluster, and the account of what it acknowledged. */

import { connectEtcd3, type LoadClient } from '../load/etcd3-client.ts';
import { load } from '../load/loader.ts';
import type { LoadRecord } from '../load/records.ts';

export class Workload {
  /** What the cluster promised to keep. */
  readonly acknowledged = new Map<string, string>();
  retries = 0;
  /** Settles when every record is acknowledged, or after `stop`. */
  readonly done: Promise<void>;
  readonly #stop = new AbortController();
  readonly #waiters = new Set<{ readonly count: number; readonly resolve: () => void }>();
  #lastAcknowledgedAt = performance.now();
  #longestGapMs = 0;

  private constructor(
    client: LoadClient,
    records: AsyncIterable<LoadRecord>,
    { concurrency }: { readonly concurrency: number },
  ) {
    this.done = load(records, {
      concurrency,
      put: client.put,
      isFinal: client.isFinal,
      patienceMs: 60_000,
      signal: this.#stop.signal,
      onAcknowledged: (record) => this.#onAcknowledged(record),
      onRetry: () => {
        this.retries += 1;
      },
      onRefused: ({ key }, error) => {
        throw new Error(`${key} was refused`, { cause: error });
      },
    }).finally(() => client.close());
    // Whoever waits for `done` hears of a failure; nobody else should die of it.
    this.done.catch(() => {});
  }

  static async start(
    endpoints: readonly string[],
    records: AsyncIterable<LoadRecord>,
    options: { readonly concurrency: number },
  ): Promise<Workload> {
    return new Workload(await connectEtcd3(endpoints), records, options);
  }

  /** Resolves when so many are acknowledged; rejects when the load ends with fewer. */
  async untilAcknowledged(count: number): Promise<void> {
    if (this.acknowledged.size >= count) return;
    const reached = new Promise<void>((resolve) => this.#waiters.add({ count, resolve }));
    const ended = this.done.then(() => {
      if (this.acknowledged.size < count) throw new Error(`ended before ${count} records`);
    });
    await Promise.race([reached, ended]);
  }

  /** The longest time without an acknowledgement since the last call, in milliseconds. */
  takeLongestGap(): number {
    const gap = Math.max(this.#longestGapMs, performance.now() - this.#lastAcknowledgedAt);
    this.#longestGapMs = 0;
    return gap;
  }

  /** Starts nothing more and waits for what is on its way. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.done;
  }

  #onAcknowledged({ key, value }: LoadRecord): void {
    const now = performance.now();
    this.#longestGapMs = Math.max(this.#longestGapMs, now - this.#lastAcknowledgedAt);
    this.#lastAcknowledgedAt = now;
    this.acknowledged.set(key, String(value));
    for (const waiter of [...this.#waiters]) {
      if (this.acknowledged.size < waiter.count) continue;
      this.#waiters.delete(waiter);
      waiter.resolve();
    }
  }
}

/** Numbered records without end: stop the workload to end them. */
export async function* numberedRecords(prefix: string): AsyncGenerator<LoadRecord> {
  for (let number = 0; ; number += 1) {
    yield { key: `${prefix}${String(number).padStart(8, '0')}`, value: `value of ${number}` };
  }
}
