/** Where the status appears: redrawn in place on a terminal, a line for each change elsewhere. */

import { clearScreenDown, moveCursor } from 'node:readline';

export interface Screen {
  /** Something that happened: stays where it is, in the order of events. */
  tell(line: string): void;
  /** How things are: replaces what was shown before. */
  show(table: string, line: string): void;
}

export class TerminalScreen implements Screen {
  readonly #terminal: NodeJS.WriteStream;
  #shown: readonly string[] = [];

  constructor(terminal: NodeJS.WriteStream) {
    this.#terminal = terminal;
  }

  tell(line: string): void {
    const shown = this.#shown;
    this.#erase();
    this.#terminal.write(`${line}\n`);
    this.#draw(shown);
  }

  show(table: string): void {
    // A line that wraps would take two rows, and the next redraw would start one too low.
    const rows = table.split('\n').map((line) => clip(line, this.#terminal.columns || 80));
    const lines = ['', ...rows];
    // What is drawn anew cannot be marked with the mouse, and fills the record of a terminal session.
    if (lines.join('\n') === this.#shown.join('\n')) return;
    this.#erase();
    this.#draw(lines);
  }

  #draw(lines: readonly string[]): void {
    this.#shown = lines;
    for (const line of lines) this.#terminal.write(`${line}\n`);
  }

  #erase(): void {
    moveCursor(this.#terminal, 0, -this.#shown.length);
    clearScreenDown(this.#terminal);
    this.#shown = [];
  }
}

export class PlainScreen implements Screen {
  readonly #write: (text: string) => void;
  #last = '';

  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  tell(line: string): void {
    this.#write(`${line}\n`);
  }

  show(_table: string, line: string): void {
    if (line === this.#last) return;
    this.#last = line;
    this.#write(`${line}\n`);
  }
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: this is what a colour is
const COLOUR_OR_CHARACTER = /\u001b\[[\d;]*m|./gu;

/** The first `columns` characters, colours not counted and all of them kept. */
export function clip(line: string, columns: number): string {
  let room = columns;
  return (line.match(COLOUR_OR_CHARACTER) ?? [])
    .filter((part) => part.startsWith('\u001b') || room-- > 0)
    .join('');
}
