/**
 * A line of the scenario language: words that stand as they are, and values between them.
 *
 * A pattern such as `cut $from > $to` is written once and serves for reading, for printing, for the
 * message of a line that is wrong, and for the type of the values. The language is made of tables of
 * such patterns (action.ts is one).
 */

/** How the values of one kind are written. */
export type Field<Value> = TextField<Value> | SentenceField<Value>;

export interface TextField<Value> {
  /** How much of a line it takes. Only the last value of a pattern may take all that is left. */
  readonly takes: 'word' | 'rest';
  /** What a writer is told to put here, such as "a server, such as 3". */
  readonly expected: string;
  /** Undefined if the text says no such value. */
  readonly parse: (text: string) => Value | undefined;
  readonly print: (value: Value) => string;
}

/** All that is left of the line is a sentence of another table, or of the same one. */
export interface SentenceField<Value> {
  readonly takes: 'sentence';
  readonly table: () => PhraseTable;
  readonly as: (sentence: Sentence) => Value;
}

// biome-ignore lint/suspicious/noExplicitAny: a field of whatever; its value is inferred from it.
export type Fields = Readonly<Record<string, Field<any>>>;

export type ValuesOf<Of extends Fields> = {
  readonly [Name in keyof Of]: Of[Name] extends Field<infer Value> ? Value : never;
};

export interface Phrase<Of extends Fields = Fields> {
  /** Words, and the names of fields with a `$` before them. */
  readonly pattern: string;
  readonly fields: Of;
}

/** Phrases by their kind. */
export type PhraseTable = Readonly<Record<string, Phrase>>;

/** What was said in one phrase of a table. */
export type Sentence = { readonly kind: string } & Readonly<Record<string, unknown>>;

/** The sentences of a table. */
export type SentenceOf<Table extends PhraseTable> = {
  readonly [Kind in keyof Table]: { readonly kind: Kind } & ValuesOf<Table[Kind]['fields']>;
}[keyof Table];

type Reading<Value> =
  | { readonly kind: 'read'; readonly value: Value }
  /** The first `matched` words are right, and what follows them should have been one of `expected`. */
  | { readonly kind: 'misread'; readonly matched: number; readonly expected: readonly string[] };

/** Reads a line as one of the table's phrases. @throws {PhraseError} saying what would have been right. */
export function readSentence(table: PhraseTable, words: readonly string[]): Sentence {
  const reading = readIn(table, words);
  if (reading.kind === 'misread') throw new PhraseError(words, reading.matched, reading.expected);
  return reading.value;
}

export function printSentence(table: PhraseTable, sentence: Sentence): string {
  const { pattern, fields } = table[sentence.kind]!;
  const parts = pattern.split(' ').map((part) => {
    if (!part.startsWith('$')) return part;
    const name = part.slice(1);
    const field = fields[name]!;
    if (field.takes !== 'sentence') return field.print(sentence[name]);
    return printSentence(field.table(), sentence[name] as Sentence);
  });
  return parts.filter((part) => part !== '').join(' ');
}

/** The words of a line. */
export const wordsOf = (line: string): string[] => line.split(/\s+/).filter((word) => word !== '');

function readIn(table: PhraseTable, words: readonly string[]): Reading<Sentence> {
  let matched = 0;
  let expected: string[] = [];
  for (const [kind, phrase] of Object.entries(table)) {
    const reading = readPhrase(phrase, words);
    if (reading.kind === 'read') return { kind: 'read', value: { kind, ...reading.value } };
    if (reading.matched > matched) expected = [];
    matched = Math.max(matched, reading.matched);
    if (reading.matched === matched) expected.push(...reading.expected);
  }
  return { kind: 'misread', matched, expected: [...new Set(expected)] };
}

/** Reads a line as this phrase, and as nothing less than the whole line. */
function readPhrase(
  { pattern, fields }: Phrase,
  words: readonly string[],
): Reading<Record<string, unknown>> {
  const values: Record<string, unknown> = {};
  let at = 0;
  for (const part of pattern.split(' ')) {
    const field = part.startsWith('$') ? fields[part.slice(1)]! : literally(part);
    const reading = readField(field, words.slice(at));
    if (reading.kind === 'misread') return { ...reading, matched: at + reading.matched };
    if (part.startsWith('$')) values[part.slice(1)] = reading.value;
    at = field.takes === 'word' ? at + 1 : words.length;
  }
  if (at < words.length) return { kind: 'misread', matched: at, expected: [END_OF_LINE] };
  return { kind: 'read', value: values };
}

function readField(field: Fields[string], words: readonly string[]): Reading<unknown> {
  if (field.takes === 'sentence') {
    const reading = readIn(field.table(), words);
    return reading.kind === 'misread' ? reading : { ...reading, value: field.as(reading.value) };
  }
  const text = field.takes === 'rest' ? words.join(' ') : words[0];
  const value = text === undefined ? undefined : field.parse(text);
  if (value === undefined) return { kind: 'misread', matched: 0, expected: [field.expected] };
  return { kind: 'read', value };
}

const END_OF_LINE = 'the end of the line';

/** A line that says nothing in the language. Who knows the file adds its name and the line's number. */
export class PhraseError extends Error {
  override readonly name = 'PhraseError';

  constructor(words: readonly string[], matched: number, expected: readonly string[]) {
    const found = words[matched] === undefined ? 'the line ends' : `there is "${words[matched]}"`;
    const where =
      matched === 0 ? 'at its beginning' : `after "${words.slice(0, matched).join(' ')}"`;
    super(`${where} ${found}; expected ${expected.join(', or ')}`);
  }
}

function literally(word: string): TextField<string> {
  return {
    expected: `"${word}"`,
    takes: 'word',
    parse: (text) => (text === word ? word : undefined),
    print: () => word,
  };
}
