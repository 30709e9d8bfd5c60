import { type Evidence, type Fact, factOf, readerOf, writerOf } from '../evidence.ts';
import type { Completed, Operation } from '../history.ts';
import type { KeyValueInput, KeyValueOutput } from './key-value.ts';

type KeyValueOperation = Operation<KeyValueInput, KeyValueOutput>;

/** An answer with something to read: a get's, or what a put or an append found. */
interface Sight {
  readonly value: string;
  readonly returnedAt: number;
}

/**
 * A get that shows an appended value shows what stood before it too. Clients that append get nothing
 * back, so without this the order of fifty appends would have to be guessed, out of fifty factorial,
 * until the one get at the end. Only an answer that can be taken apart in a single way teaches anything: at each
 * position there is exactly one value that could stand there, and one operation that wrote it.
 */
export function learnAppends(
  operations: readonly KeyValueOperation[],
): readonly KeyValueOperation[] {
  const writers = writersByValue(operations);
  const learned = [...operations];
  let longest = '';
  for (const { value, returnedAt } of sightsLongestFirst(operations)) {
    // Most answers are beginnings of a later one, which has taught the same.
    if (longest.startsWith(value)) continue;
    longest = value;
    for (const [index, from] of takeApart(value, writers)) {
      const operation = operations[index]!;
      if (operation.input.kind !== 'append') continue;
      learned[index] = seen(operation, value.slice(0, from), returnedAt);
    }
  }
  return learned;
}

export const holds = (value: string): Fact => factOf('', value);

/** Of operations that `learnAppends` went over. */
export function appendEvidence(operations: readonly KeyValueOperation[]): readonly Evidence[] {
  const sights = [...new Set(sightsLongestFirst(operations).map(({ value }) => value))];
  const text = withoutBeginnings(sights).join('\n');
  return operations.map((operation): Evidence => {
    const { input } = operation;
    const output = operation.kind === 'completed' ? operation.output : undefined;
    const seen = output === undefined ? [] : [holds(output)];
    switch (input.kind) {
      case 'get':
        return readerOf(seen);
      case 'put':
        return writerOf(seen, [holds(input.value)]);
      default: {
        if (output !== undefined) return writerOf(seen, [holds(output + input.value)]);
        // Whatever it left behind, nobody ever saw it, alone or with more after it.
        if (!text.includes(input.value)) return writerOf([], []);
        const made = sights.filter((sight) => sight.endsWith(input.value)).map(holds);
        return { ...writerOf([], made), isComplete: false };
      }
    }
  });
}

/** Of texts by length, the longest first, those that no longer one begins with. */
function withoutBeginnings(texts: readonly string[]): readonly string[] {
  const kept: string[] = [];
  for (const text of texts) if (!kept.some((longer) => longer.startsWith(text))) kept.push(text);
  return kept;
}

/** It found `before`, and if it is not known to have returned, took effect before it was seen. */
function seen(
  operation: KeyValueOperation,
  before: string,
  seenAt: number,
): Completed<KeyValueInput, KeyValueOutput> {
  const returnedAt = operation.kind === 'completed' ? operation.returnedAt : seenAt;
  return { ...operation, kind: 'completed', output: before, returnedAt };
}

/** The operation that wrote each value; `undefined` for a value that several wrote. */
function writersByValue(
  operations: readonly KeyValueOperation[],
): ReadonlyMap<string, number | undefined> {
  const writers = new Map<string, number | undefined>();
  operations.forEach(({ input }, index) => {
    if (input.kind === 'get' || input.value === '') return;
    writers.set(input.value, writers.has(input.value) ? undefined : index);
  });
  return writers;
}

function sightsLongestFirst(operations: readonly KeyValueOperation[]): readonly Sight[] {
  const sights: Sight[] = [];
  for (const operation of operations) {
    if (operation.kind !== 'completed') continue;
    const { output, returnedAt } = operation;
    if (output !== undefined) sights.push({ value: output, returnedAt });
  }
  return sights.sort((a, b) => b.value.length - a.value.length);
}

/** Which operation wrote which position of `text` on, up to where that is open to doubt or impossible. */
function takeApart(
  text: string,
  writers: ReadonlyMap<string, number | undefined>,
): readonly (readonly [index: number, from: number])[] {
  const lengths = [...new Set([...writers.keys()].map((value) => value.length))];
  const parts: [number, number][] = [];
  let from = 0;
  while (from < text.length) {
    const fitting = lengths
      .map((length) => text.slice(from, from + length))
      .filter((part, i) => part.length === lengths[i] && writers.has(part));
    const index = fitting.length === 1 ? writers.get(fitting[0]!) : undefined;
    if (index === undefined) break;
    parts.push([index, from]);
    from += fitting[0]!.length;
  }
  return parts;
}
