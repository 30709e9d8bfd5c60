import { type Evidence, type Fact, factOf, isOf, readerOf, writerOf } from '../evidence.ts';
import type { Operation } from '../history.ts';
import { keysWithin } from '../partitions.ts';
import type {
  Compare,
  Items,
  KeyAnswer,
  KeyOperation,
  TransactionAnswer,
  TransactionalInput,
  TransactionalOutput,
} from './transactions.ts';

type TransactionalOperation = Operation<TransactionalInput, TransactionalOutput>;

/** Two things can be said about each key: whether it exists, and which value it has if it does. */
const aboutExistence = (key: string): string => `existence of ${key}`;
const exists = (key: string): Fact => factOf(aboutExistence(key), 'yes');
const isAbsent = (key: string): Fact => factOf(aboutExistence(key), 'no');
const valueIs = (key: string, value: string): Fact => factOf(`value of ${key}`, `=${value}`);
const hasNoValue = (key: string): Fact => factOf(`value of ${key}`, 'none');

export const isInitialFact = (fact: Fact): boolean => isOf(fact) === 'no' || isOf(fact) === 'none';

/** Of the keys that `input` could write. */
export function transactionFacts(items: Items, input: TransactionalInput): readonly Fact[] {
  return writtenKeys(input).flatMap((key) => {
    const item = items.find((item) => item.key === key);
    return item === undefined
      ? [isAbsent(key), hasNoValue(key)]
      : [valueIs(key, item.value), exists(key)];
  });
}

export function transactionEvidence(
  operations: readonly TransactionalOperation[],
): readonly Evidence[] {
  const written = operations.flatMap(({ input }) => writtenKeys(input));
  const keys = [...new Set(written)].sort();
  return operations.map((operation): Evidence => {
    const { input } = operation;
    if (operation.kind === 'pending') return pendingEvidence(input);
    if (input.kind !== 'transaction') {
      return keyEvidence(keys, input, operation.output as KeyAnswer);
    }
    return branchEvidence(keys, input, operation.output as TransactionAnswer);
  });
}

function pendingEvidence(input: TransactionalInput): Evidence {
  if (input.kind !== 'transaction') return writerOf([], madeBy(input));
  const made = [...input.success, ...input.failure].flatMap(madeBy);
  return { ...writerOf([], made), isComplete: false };
}

function keyEvidence(
  keys: readonly string[],
  operation: KeyOperation,
  answer: KeyAnswer,
): Evidence {
  const seen = seenBy(keys, operation, answer);
  const isReader = operation.kind !== 'put' && !(operation.kind === 'delete' && answer !== 0);
  return isReader ? readerOf(seen) : writerOf(seen, madeBy(operation));
}

function branchEvidence(
  keys: readonly string[],
  { compares, success, failure }: TransactionalInput & { kind: 'transaction' },
  { succeeded, answers }: TransactionAnswer,
): Evidence {
  const branch = succeeded ? success : failure;
  const seen: Fact[] = (succeeded ? compares : denied(compares)).flatMap(shownBy);
  const written = new Set<string>();
  branch.forEach((operation, index) => {
    // What the transaction has written itself says nothing about the state before it.
    const others = keys.filter((key) => !written.has(key));
    const isOwn = operation.kind !== 'range' && written.has(operation.key);
    if (!isOwn) seen.push(...seenBy(others, operation, answers[index], written));
    for (const key of writtenKeys(operation)) written.add(key);
  });
  return {
    seen: [...new Set(seen)],
    made: branch.flatMap(madeBy),
    isComplete: succeeded ? compares.every(isFact) : denied(compares).length > 0,
    changesNothing: written.size === 0,
  };
}

/** `own` were written earlier in the same transaction. */
function seenBy(
  keys: readonly string[],
  operation: KeyOperation,
  answer: KeyAnswer,
  own: ReadonlySet<string> = new Set(),
): readonly Fact[] {
  switch (operation.kind) {
    case 'put':
      return [];
    case 'delete':
      return [answer === 0 ? isAbsent(operation.key) : exists(operation.key)];
    case 'get':
    case 'range': {
      const items = (answer as Items).filter(({ key }) => !own.has(key));
      const found = new Set(items.map(({ key }) => key));
      const span = operation.kind === 'get' ? operation.key : operation;
      const absent = keysWithin(keys, span).filter((key) => !found.has(key));
      return [...items.map(({ key, value }) => valueIs(key, value)), ...absent.map(isAbsent)];
    }
  }
}

const isFact = (compare: Compare): boolean => compare.kind === 'exists' || compare.relation === '=';

/** Which of several compares failed, or in which way a value differs, cannot be said in facts. */
function denied(compares: readonly Compare[]): readonly Compare[] {
  const [compare] = compares;
  if (compares.length !== 1 || compare?.kind !== 'exists') return [];
  return [{ ...compare, expected: !compare.expected }];
}

/** Of a compare that held. */
function shownBy(compare: Compare): readonly Fact[] {
  const { key } = compare;
  if (compare.kind === 'exists') return [compare.expected ? exists(key) : isAbsent(key)];
  return compare.relation === '=' ? [valueIs(key, compare.value)] : [exists(key)];
}

function madeBy(operation: KeyOperation): readonly Fact[] {
  if (operation.kind === 'put')
    return [valueIs(operation.key, operation.value), exists(operation.key)];
  return operation.kind === 'delete' ? [isAbsent(operation.key), hasNoValue(operation.key)] : [];
}

function writtenKeys(input: TransactionalInput): readonly string[] {
  if (input.kind === 'transaction') {
    return [...input.success, ...input.failure].flatMap(writtenKeys);
  }
  return input.kind === 'put' || input.kind === 'delete' ? [input.key] : [];
}
