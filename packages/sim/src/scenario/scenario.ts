/**
 * The scenario language: what a file says, read and printed.
 *
 *     title: One leader in a term
 *     teaches: what a reader should take home
 *       from it, in as many lines as it takes
 *     source: §5.2; hazard 3
 *
 *     given 3 servers
 *
 *     # What happens, one step a line.
 *     timeout 1
 *     expect 1 is candidate
 *
 * docs/scenarios.md describes it for those who write one.
 */

import { PhraseError, printSentence, readSentence, type Sentence, wordsOf } from './phrase.ts';
import { GIVEN_PHRASES, type Given, printSetup, type Setup, setupOf } from './setup.ts';
import { STATEMENT_PHRASES, type Statement } from './statement.ts';

export interface Scenario {
  readonly title: string;
  readonly teaches: string;
  /** Where it is said: "§5.2", "Figure 8", "hazard 3", "CHANGELOG". At least one. */
  readonly sources: readonly string[];
  readonly setup: Setup;
  readonly steps: readonly Step[];
}

/** Something that is done or expected, or a remark about it. */
export type Step = Statement | { readonly kind: 'remark'; readonly text: string };

export interface ParsedScenario {
  readonly scenario: Scenario;
  /** The line of the file that each step stands on, from 1. */
  readonly lines: readonly number[];
}

/** A file that is no scenario. The message begins with file and line. */
export class ScenarioSyntaxError extends Error {
  override readonly name = 'ScenarioSyntaxError';

  constructor(file: string, line: number, reason: string) {
    super(`${file}:${line}: ${reason}`);
  }
}

const HEADER = ['title', 'teaches', 'source'] as const;

type HeaderName = (typeof HEADER)[number];

/** @throws {ScenarioSyntaxError} with file, line and what was expected there. */
export function parseScenario(text: string, file: string): ParsedScenario {
  const parser = new Parser();
  for (const [at, line] of text.split(/\r?\n/).entries()) {
    located(file, at + 1, () => parser.take(line, at + 1));
  }
  return located(file, 1, () => parser.end());
}

/** Takes a file line by line. Throws `PhraseError` or `RangeError` for a line that is wrong. */
class Parser {
  readonly #header: Record<HeaderName, string[]> = { title: [], teaches: [], source: [] };
  readonly #given: Given[] = [];
  readonly #steps: Step[] = [];
  readonly #lines: number[] = [];
  /** The part of the header that an indented line goes on with. */
  #open: HeaderName | undefined;

  take(line: string, number: number): void {
    const text = line.trim();
    if (text === '') return;
    const name = HEADER.find((word) => line.startsWith(`${word}:`));
    if (name !== undefined) this.#takeHeader(name, line.slice(name.length + 1).trim());
    else if (this.#open !== undefined && /^\s/.test(line)) this.#takeHeader(this.#open, text);
    else if (text.startsWith('given ')) this.#takeGiven(text);
    else this.#takeStep(text, number);
  }

  end(): ParsedScenario {
    const missing = HEADER.find((name) => this.#header[name].join('') === '');
    if (missing !== undefined) throw new RangeError(`no line says "${missing}: ..."`);
    const [title, teaches, source] = HEADER.map((name) => this.#header[name].join(' ')) as [
      string,
      string,
      string,
    ];
    const sources = source.split(';').map((each) => each.trim());
    const setup = setupOf(this.#given);
    return { scenario: { title, teaches, sources, setup, steps: this.#steps }, lines: this.#lines };
  }

  #takeHeader(name: HeaderName, text: string): void {
    if (this.#given.length + this.#steps.length > 0) {
      throw new RangeError(`"${name}:" belongs before everything that is given or done`);
    }
    this.#open = name;
    this.#header[name].push(text);
  }

  #takeGiven(text: string): void {
    if (this.#steps.length > 0)
      throw new RangeError('"given" belongs before all steps and remarks');
    this.#open = undefined;
    this.#given.push(readSentence(GIVEN_PHRASES, wordsOf(text)) as Given);
  }

  #takeStep(text: string, number: number): void {
    this.#open = undefined;
    this.#steps.push(
      text.startsWith('#')
        ? { kind: 'remark', text: text.slice(1).trim() }
        : (readSentence(STATEMENT_PHRASES, wordsOf(text)) as Statement),
    );
    this.#lines.push(number);
  }
}

export function printScenario({ title, teaches, sources, setup, steps }: Scenario): string {
  return [
    `title: ${title}`,
    ...wrapped(`teaches: ${teaches}`),
    `source: ${sources.join('; ')}`,
    '',
    ...printSetup(setup),
    '',
    ...steps.map(printStep),
    '',
  ].join('\n');
}

export const printStep = (step: Step): string =>
  step.kind === 'remark' ? `# ${step.text}` : printSentence(STATEMENT_PHRASES, step as Sentence);

function located<Value>(file: string, line: number, read: () => Value): Value {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof PhraseError) && !(error instanceof RangeError)) throw error;
    throw new ScenarioSyntaxError(file, line, error.message);
  }
}

const WIDTH = 100;

/** In lines of at most `WIDTH`, the second and following indented. */
function wrapped(text: string): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of wordsOf(text)) {
    if (line !== '' && line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = ' ';
    }
    line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
