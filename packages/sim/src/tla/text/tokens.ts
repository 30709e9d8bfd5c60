/** The words of a TLA+ module or of a .cfg file, with their places: columns matter in lists of /\ and \/. */

import { UnsupportedError } from './errors.ts';

export interface Token {
  readonly kind: 'name' | 'number' | 'string' | 'symbol' | 'rule' | 'end';
  /** Of a symbol its usual spelling: there is more than one of some. */
  readonly text: string;
  /** From 1. */
  readonly line: number;
  readonly column: number;
}

const SYMBOLS = [
  ...['<=>', '|->', '(+)', '(-)', '=>', '==', '/\\', '\\/', '/=', '<=', '>=', '=<', '<<', '>>'],
  ...['->', '<-', ':>', '@@', '..', '[]', '(', ')', '[', ']', '{', '}', ',', ':', '=', '#', '<'],
  ...['>', '~', '+', '-', '*', '%', "'", '.', '!', '@', '_', '\\'],
];

const SPELLINGS: Readonly<Record<string, string>> = {
  '#': '/=',
  '=<': '<=',
  '\\leq': '<=',
  '\\geq': '>=',
  '\\land': '/\\',
  '\\lor': '\\/',
  '\\lnot': '~',
  '\\neg': '~',
  '\\union': '\\cup',
  '\\intersect': '\\cap',
};

const escaped = (symbol: string) => symbol.replace(/[\\^$*+?.()|[\]{}]/g, '\\$&');

const PATTERNS: readonly (readonly [kind: Token['kind'] | 'space', pattern: RegExp])[] = [
  ['space', /\s+|\\\*.*/y],
  ['rule', /[-=]{4,}/y],
  ['string', /"[^"]*"/y],
  ['number', /[0-9]+/y],
  ['name', /[A-Za-z][A-Za-z0-9_]*/y],
  ['symbol', /\\[A-Za-z]+/y],
  ['symbol', new RegExp(SYMBOLS.map(escaped).join('|'), 'y')],
];

/** The last is of kind `end`. @throws {UnsupportedError} naming the line. */
export function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  const lines = new Lines(text);
  let at = 0;
  while (at < text.length) {
    if (text.startsWith('(*', at)) {
      at = endOfComment(text, at);
      continue;
    }
    const { kind, found } = wordAt(text, at, lines);
    if (kind !== 'space') tokens.push({ kind, text: plain(kind, found), ...lines.at(at) });
    at += found.length;
    // What follows the last rule is no part of the module.
    if (kind === 'rule' && found.startsWith('=')) break;
  }
  tokens.push({ kind: 'end', text: '', ...lines.at(at) });
  return tokens;
}

function wordAt(text: string, at: number, lines: Lines) {
  for (const [kind, pattern] of PATTERNS) {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0];
    if (found !== undefined) return { kind, found };
  }
  const { line, column } = lines.at(at);
  throw new UnsupportedError(`line ${line}, column ${column}: unknown sign "${text[at]}"`);
}

function plain(kind: Token['kind'], found: string): string {
  if (kind === 'string') return found.slice(1, -1);
  return kind === 'symbol' ? (SPELLINGS[found] ?? found) : found;
}

/** Comments may stand in comments. */
function endOfComment(text: string, from: number): number {
  let depth = 0;
  let at = from;
  do {
    if (text.startsWith('(*', at)) depth += 1;
    else if (text.startsWith('*)', at)) depth -= 1;
    at += text.startsWith('(*', at) || text.startsWith('*)', at) ? 2 : 1;
  } while (depth > 0 && at < text.length);
  return at;
}

/** Asked for places that only grow. */
class Lines {
  readonly #text: string;
  #line = 1;
  #begin = 0;

  constructor(text: string) {
    this.#text = text;
  }

  at(place: number): { readonly line: number; readonly column: number } {
    for (;;) {
      const next = this.#text.indexOf('\n', this.#begin);
      if (next === -1 || next >= place) break;
      this.#line += 1;
      this.#begin = next + 1;
    }
    return { line: this.#line, column: place - this.#begin + 1 };
  }
}
