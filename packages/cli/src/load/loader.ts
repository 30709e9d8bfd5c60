/**
 * Puts records until each is acknowledged, many at a time.
 *
 * A put that failed may still have been carried out, so it counts as nothing until a repetition of
 * it is acknowledged. Repeating is harmless: the same key gets the same value.
 */

import type { LoadRecord } from './records.ts';

/** Resolves when the cluster acknowledged the record. */
export type Put = (record: LoadRecord) => Promise<{ readonly revision: number }>;

export interface LoadOptions {
  readonly concurrency: number;
  readonly put: Put;
  /** A failure that no repetition mends: the record itself is refused. */
  readonly isFinal: (error: unknown) => boolean;
  /** A record that is not acknowledged for so long ends the load. */
  readonly patienceMs: number;
  readonly onAcknowledged: (record: LoadRecord, revision: number) => void;
  readonly onRetry: (record: LoadRecord, error: unknown) => void;
  readonly onRefused: (record: LoadRecord, error: unknown) => void;
  /** Ends the load early. Records on their way are still waited for, once. */
  readonly signal: AbortSignal;
}

const FIRST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 1000;

/**
 * Resolves when every record was acknowledged or refused, or the signal fired.
 *
 * @throws the last error of a record that ran out of patience, or of the source
 */
export async function load(
  records: AsyncIterable<LoadRecord>,
  options: LoadOptions,
): Promise<void> {
  const source = records[Symbol.asyncIterator]();
  const failed = new AbortController();
  const signal = AbortSignal.any([options.signal, failed.signal]);
  const worker = async (): Promise<void> => {
    while (!signal.aborted) {
      const next = await source.next();
      if (next.done) return;
      await settle(next.value, options, signal);
    }
  };
  const workers = Array.from({ length: options.concurrency }, () =>
    worker().catch((error: unknown) => {
      failed.abort(error);
    }),
  );
  await Promise.all(workers);
  await source.return?.();
  if (failed.signal.aborted) throw failed.signal.reason;
}

async function settle(record: LoadRecord, options: LoadOptions, signal: AbortSignal) {
  const deadline = performance.now() + options.patienceMs;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
    try {
      const { revision } = await options.put(record);
      options.onAcknowledged(record, revision);
      return;
    } catch (error) {
      if (options.isFinal(error)) {
        options.onRefused(record, error);
        return;
      }
      if (performance.now() > deadline) throw error;
      options.onRetry(record, error);
      if (signal.aborted) return;
    }
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}
