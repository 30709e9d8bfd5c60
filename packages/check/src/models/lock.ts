import { type Evidence, type Fact, factOf, readerOf, writerOf } from '../evidence.ts';
import type { Operation } from '../history.ts';
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
  partitionOf: () => (input) => input.lock,
  initial: () => undefined,
  step(holder, { kind, owner }) {
    const isOurs = holder === owner;
    if (kind === 'release') return { state: isOurs ? undefined : holder, output: isOurs };
    const isGranted = isOurs || holder === undefined;
    return { state: isGranted ? owner : holder, output: isGranted };
  },
  fingerprint: (holder) => holder ?? '',
  isSameOutput: Object.is,
  witness: {
    testimony: (operations) => operations.map(evidenceOf),
    factsAt: (holder) => [heldBy(holder)],
    isInitial: (fact) => fact === heldBy(undefined),
  },
};

const heldBy = (holder: Holder): Fact => factOf('', String(holder));

function evidenceOf(operation: Operation<LockInput, boolean>): Evidence {
  const { kind, owner } = operation.input;
  if (operation.kind === 'completed' && !operation.output) {
    return { ...readerOf([]), isComplete: false };
  }
  if (kind === 'acquire') return { ...writerOf([], [heldBy(owner)]), isComplete: false };
  const isGranted = operation.kind === 'completed';
  return {
    ...writerOf(isGranted ? [heldBy(owner)] : [], [heldBy(undefined)]),
    isComplete: isGranted,
  };
}
