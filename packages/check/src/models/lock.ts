import type { Model } from '../model.ts';

export type LockInput =
  | { readonly kind: 'acquire'; readonly lock: string; readonly owner: number }
  | { readonly kind: 'release'; readonly lock: string; readonly owner: number };

/** The owner of a held lock; undefined for a free one. */
type Holder = number | undefined;

/**
 * Named locks that answer at once: whether the owner now has the lock (again, if it had it), and
 * whether the owner had it to give back.
 */
export const lockModel: Model<Holder, LockInput, boolean> = {
  partitionOf: (input) => input.lock,
  initial: () => undefined,
  step(holder, { kind, owner }) {
    const isOurs = holder === owner;
    if (kind === 'release') return { state: isOurs ? undefined : holder, output: isOurs };
    const isGranted = isOurs || holder === undefined;
    return { state: isGranted ? owner : holder, output: isGranted };
  },
  fingerprint: (holder) => holder ?? '',
  isSameOutput: Object.is,
};
