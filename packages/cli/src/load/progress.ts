/** How far a load is, as one line: redrawn on a terminal, now and then elsewhere. */

import { clearLine, cursorTo } from 'node:readline';

export interface LoadCounts {
  acknowledged: number;
  retries: number;
  refused: number;
}

const BAR_CELLS = 24;
const TERMINAL_PERIOD_MS = 200;
const PLAIN_PERIOD_MS = 5000;

export class ProgressLine {
  readonly #out: NodeJS.WriteStream;
  readonly #fraction: () => number;
  readonly #counts: Readonly<LoadCounts>;
  readonly #begun = performance.now();
  readonly #timer: NodeJS.Timeout;

  constructor(out: NodeJS.WriteStream, counts: Readonly<LoadCounts>, fraction: () => number) {
    this.#out = out;
    this.#counts = counts;
    this.#fraction = fraction;
    this.#timer = setInterval(() => this.#draw(), out.isTTY ? TERMINAL_PERIOD_MS : PLAIN_PERIOD_MS);
  }

  end(): void {
    clearInterval(this.#timer);
    if (this.#out.isTTY) this.#erase();
  }

  #draw(): void {
    const line = progressLine(this.#counts, this.#fraction(), performance.now() - this.#begun);
    if (!this.#out.isTTY) {
      this.#out.write(`${line}\n`);
      return;
    }
    this.#erase();
    this.#out.write(line.slice(0, (this.#out.columns || 80) - 1));
  }

  #erase(): void {
    clearLine(this.#out, 0);
    cursorTo(this.#out, 0);
  }
}

export function progressLine(counts: LoadCounts, fraction: number, elapsedMs: number): string {
  const filled = Math.round(fraction * BAR_CELLS);
  const bar = '█'.repeat(filled) + '░'.repeat(BAR_CELLS - filled);
  const percent = `${Math.floor(fraction * 100)}%`.padStart(4);
  return `${bar}${percent}  ${summary(counts, elapsedMs)}`;
}

export function summary({ acknowledged, retries, refused }: LoadCounts, elapsedMs: number): string {
  const rate = Math.round(acknowledged / Math.max(elapsedMs / 1000, 0.001));
  return [
    `${withCommas(acknowledged)} acknowledged`,
    `${withCommas(rate)}/s`,
    `${withCommas(retries)} retries`,
    ...(refused > 0 ? [`${withCommas(refused)} refused`] : []),
  ].join(', ');
}

const withCommas = (value: number): string => value.toLocaleString('en-US');
