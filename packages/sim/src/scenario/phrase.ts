/**
 * A line of the scenario language: words that stand as they are, and values between them.
 *
 * A pattern such as `cut $from > $to` is written once and serves for reading, for printing, for the
 * message of a line that is wrong, and for the type of the values. The language is made of tables of
 * such patterns (action.ts is one).
 */

/** How the values of one kind are written. */
export interface Field<Value> {
  /** What a writer is told to put here, such as "a server, such as 3". */
  readonly expected: string;
  /** How much of a line it takes. Only the last value of a pattern may take all that is left. */
  readonly takes: 'word' | 'rest';
  /** Undefined if the text says no such value. */
  readonly parse: (text: string) => Value | undefined;
  readonly print: (value: Value) => string;
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

export type Reading =
  | { readonly kind: 'read'; readonly values: Readonly<Record<string, unknown>> }
  /** The first `matched` words are right, and what follows them should have been `expected`. */
  | { readonly kind: 'misread'; readonly matched: number; readonly expected: string };

/** Reads a line as this phrase, and as nothing less than the whole line. */
export function readPhrase(phrase: Phrase, words: readonly string[]): Reading {
  const values: Record<string, unknown> = {};
  let at = 0;
  for (const part of phrase.pattern.split(' ')) {
    const field = part.startsWith('$') ? phrase.fields[part.slice(1)]! : literally(part);
    const takesRest = field.takes === 'rest';
    const text = takesRest ? words.slice(at).join(' ') : words[at];
    const value = text === undefined ? undefined : field.parse(text);
    if (value === undefined) return { kind: 'misread', matched: at, expected: field.expected };
    if (part.startsWith('$')) values[part.slice(1)] = value;
    at = takesRest ? words.length : at + 1;
  }
  if (at < words.length) return { kind: 'misread', matched: at, expected: 'the end of the line' };
  return { kind: 'read', values };
}

export function printPhrase(phrase: Phrase, values: Readonly<Record<string, unknown>>): string {
  const parts = phrase.pattern.split(' ').map((part) => {
    if (!part.startsWith('$')) return part;
    const name = part.slice(1);
    return phrase.fields[name]!.print(values[name] as never);
  });
  return parts.filter((part) => part !== '').join(' ');
}

/** A phrase of a table, by its kind. */
export type Sentence = { readonly kind: string } & Readonly<Record<string, unknown>>;

/** Reads a line as one of the table's phrases. @throws {PhraseError} saying what would have been right. */
export function readSentence(
  table: Readonly<Record<string, Phrase>>,
  words: readonly string[],
): Sentence {
  let matched = 0;
  let expected: string[] = [];
  for (const [kind, phrase] of Object.entries(table)) {
    const reading = readPhrase(phrase, words);
    if (reading.kind === 'read') return { kind, ...reading.values };
    if (reading.matched > matched) expected = [];
    matched = Math.max(matched, reading.matched);
    if (reading.matched === matched) expected.push(reading.expected);
  }
  throw new PhraseError(words, matched, [...new Set(expected)]);
}

export function printSentence(table: Readonly<Record<string, Phrase>>, sentence: Sentence): string {
  return printPhrase(table[sentence.kind]!, sentence);
}

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

function literally(word: string): Field<string> {
  return {
    expected: `"${word}"`,
    takes: 'word',
    parse: (text) => (text === word ? word : undefined),
    print: () => word,
  };
}
