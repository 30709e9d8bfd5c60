import type { Act, Content, Need, Write } from '../acts.ts';
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

/** The cells are the keys. What cannot have been answered by any state happened in no way. */
export function transactionActs(
  operations: readonly TransactionalOperation[],
): readonly (readonly Act[])[] {
  const written = operations.flatMap(({ input }) => writtenKeys(input));
  const keys = [...new Set(written)].sort();
  return operations.map((operation) => {
    if (operation.kind === 'pending') return possibleActs(operation.input);
    const act = answeredAct(keys, operation.input, operation.output);
    return act === undefined ? [] : [act];
  });
}

/** Does it hold where this is in its key? */
export function holds(compare: Compare, content: Content): boolean {
  if (compare.kind === 'exists') return (content !== undefined) === compare.expected;
  if (content === undefined) return false;
  switch (compare.relation) {
    case '=':
      return content === compare.value;
    case '!=':
      return content !== compare.value;
    case '<':
      return content < compare.value;
    case '>':
      return content > compare.value;
  }
}

const holding = (compare: Compare): Need => ({
  cell: compare.key,
  allows: (content) => holds(compare, content),
});

const failing = (compare: Compare): Need => ({
  cell: compare.key,
  allows: (content) => !holds(compare, content),
});

const containing = (key: string, expected: Content): Need => ({
  cell: key,
  allows: (content) => content === expected,
});

const existing = (key: string): Need => ({ cell: key, allows: (content) => content !== undefined });

/** What it would have changed, by the branch that it took. */
function possibleActs(input: TransactionalInput): readonly Act[] {
  if (input.kind !== 'transaction') {
    const writes = writesOf([input]);
    return writes.length === 0 ? [] : [{ needs: [], writes }];
  }
  const { compares, success, failure } = input;
  const both = [
    { needs: compares.map((compare) => [holding(compare)]), writes: writesOf(success) },
    { needs: [compares.map(failing)], writes: writesOf(failure) },
  ];
  return both.filter(
    ({ needs, writes }) => writes.length > 0 && needs.every((anyOf) => anyOf.length > 0),
  );
}

function writesOf(operations: readonly KeyOperation[]): readonly Write[] {
  const contents = new Map<string, Content>();
  for (const operation of operations) {
    if (operation.kind === 'put') contents.set(operation.key, operation.value);
    else if (operation.kind === 'delete') contents.set(operation.key, undefined);
  }
  return [...contents].map(([cell, content]) => ({ cell, content }));
}

function answeredAct(
  keys: readonly string[],
  input: TransactionalInput,
  output: TransactionalOutput,
): Act | undefined {
  if (input.kind !== 'transaction') {
    return new AnsweredAct(keys).answered([input], [output as KeyAnswer]);
  }
  const { succeeded, answers } = output as TransactionAnswer;
  const act = new AnsweredAct(keys);
  for (const compare of succeeded ? input.compares : []) act.needs.push([holding(compare)]);
  if (!succeeded) act.needs.push(input.compares.map(failing));
  return act.answered(succeeded ? input.success : input.failure, answers);
}

/** One branch, step by step. */
class AnsweredAct {
  readonly needs: Need[][] = [];
  readonly #keys: readonly string[];
  /** What the branch has written itself so far. */
  readonly #own = new Map<string, Content>();

  constructor(keys: readonly string[]) {
    this.#keys = keys;
  }

  /** Undefined if no state answers like this. */
  answered(branch: readonly KeyOperation[], answers: readonly KeyAnswer[]): Act | undefined {
    const isPossible =
      answers.length === branch.length &&
      branch.every((operation, index) => this.#add(operation, answers[index]));
    if (!isPossible) return undefined;
    const writes = [...this.#own].map(([cell, content]) => ({ cell, content }));
    return { needs: this.needs, writes };
  }

  #add(operation: KeyOperation, answer: KeyAnswer): boolean {
    switch (operation.kind) {
      case 'put':
        this.#own.set(operation.key, operation.value);
        return answer === undefined;
      case 'delete':
        return this.#delete(operation.key, answer);
      case 'get':
      case 'range':
        return Array.isArray(answer) && this.#read(operation, answer);
    }
  }

  #delete(key: string, removed: KeyAnswer): boolean {
    if (removed !== 0 && removed !== 1) return false;
    if (this.#own.has(key)) {
      if ((this.#own.get(key) !== undefined) !== (removed === 1)) return false;
    } else {
      this.needs.push([removed === 1 ? existing(key) : containing(key, undefined)]);
    }
    if (removed === 1) this.#own.set(key, undefined);
    return true;
  }

  #read(operation: KeyOperation & { kind: 'get' | 'range' }, items: Items): boolean {
    const span = operation.kind === 'get' ? operation.key : operation;
    const expected = keysWithin(this.#keys, span);
    const found = new Map(items.map(({ key, value }) => [key, value]));
    const isSorted = items.every(({ key }, i) => i === 0 || items[i - 1]!.key < key);
    if (!isSorted || items.some(({ key }) => !expected.includes(key))) return false;
    for (const key of expected) {
      if (!this.#own.has(key)) this.needs.push([containing(key, found.get(key))]);
      else if (this.#own.get(key) !== found.get(key)) return false;
    }
    return true;
  }
}

function writtenKeys(input: TransactionalInput): readonly string[] {
  if (input.kind === 'transaction') {
    return [...input.success, ...input.failure].flatMap(writtenKeys);
  }
  return input.kind === 'put' || input.kind === 'delete' ? [input.key] : [];
}
