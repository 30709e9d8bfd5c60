/** Walks over tokens. In a list of /\ or \/ an item ends where a token stands no further right than the list. */

import { UnsupportedError } from './errors.ts';
import { type Token, tokensOf } from './tokens.ts';

/** They are no names. */
const RESERVED = new Set([
  ...['ASSUME', 'CHOOSE', 'CONSTANT', 'CONSTANTS', 'DOMAIN', 'ELSE', 'EXCEPT', 'EXTENDS', 'IF'],
  ...['IN', 'INSTANCE', 'LAMBDA', 'LET', 'MODULE', 'SUBSET', 'THEN', 'THEOREM', 'UNCHANGED'],
  ...['UNION', 'VARIABLE', 'VARIABLES', 'TRUE', 'FALSE'],
]);

export class Reader {
  readonly #tokens: readonly Token[];
  #at = 0;
  /** The column of each list that is being read. */
  readonly #columns: number[] = [];

  constructor(text: string) {
    this.#tokens = tokensOf(text);
  }

  /** The next one, wherever it stands. */
  get token(): Token {
    return this.#tokens[this.#at]!;
  }

  /** Undefined where an item of a list ends. */
  get here(): Token | undefined {
    const { token } = this;
    return token.column > (this.#columns.at(-1) ?? 0) && token.kind !== 'end' ? token : undefined;
  }

  is(text: string, ahead = 0): boolean {
    if (this.here === undefined) return false;
    const token = this.#tokens[this.#at + ahead];
    return token !== undefined && token.kind !== 'string' && token.text === text;
  }

  get isName(): boolean {
    return this.here?.kind === 'name' && !RESERVED.has(this.here.text);
  }

  take(): Token {
    const { token } = this;
    this.#at += 1;
    return token;
  }

  /** Takes it if it is there. */
  takes(text: string): boolean {
    const isThere = this.is(text);
    if (isThere) this.#at += 1;
    return isThere;
  }

  demand(text: string): void {
    if (!this.takes(text)) this.fail(text);
  }

  name(): string {
    return this.isName ? this.take().text : this.fail('a name');
  }

  list<Item>(read: () => Item): Item[] {
    const items = [read()];
    while (this.takes(',')) items.push(read());
    return items;
  }

  /** Items that each begin with `bullet`, one below the other. */
  bullets<Item>(bullet: string, read: () => Item): Item[] {
    const { column } = this.token;
    const items: Item[] = [];
    while (this.is(bullet) && this.token.column === column) {
      this.take();
      this.#columns.push(column);
      items.push(read());
      this.#columns.pop();
    }
    return items;
  }

  fail(expected: string): never {
    const { text, line, column } = this.token;
    throw new UnsupportedError(
      `line ${line}, column ${column}: "${text}" stands where ${expected} was expected`,
    );
  }
}
