import type { Act, Need } from '../acts.ts';
import { Cell, cellsOf, type Source, type Writer } from './cells.ts';
import type { Span } from './partial-order.ts';

/** An act, and the operation that it is one way of. */
export interface Item extends Span {
  readonly operation: number;
  readonly act: Act;
  /** The operation was answered, so this happened. Its other items, if it has any, did not. */
  readonly isCertain: boolean;
}

/** Who can have left what a reader needed. */
export class Sources {
  readonly #items: readonly Item[];
  readonly #cells: ReadonlyMap<string, Cell>;

  constructor(items: readonly Item[]) {
    this.#items = items;
    const acts = items.map(({ act }) => act);
    this.#cells = cellsOf(acts, items, (item) => items[item]!.isCertain);
  }

  cell(name: string): Cell {
    return this.#cells.get(name) ?? NEVER_WRITTEN;
  }

  /** Of those who were answered, and the beginning; the last called first. */
  answered(reader: number, needs: readonly Need[]): readonly Source[] {
    const { from, to } = this.#items[reader]!;
    const sources = needs.flatMap((need) => {
      const cell = this.cell(need.cell);
      const since = cell.overwrittenUntil(from);
      const writers: Source[] = [...cell.certainWithin({ from: since, to })];
      if (since === -1) writers.push(cell.beginning);
      return writers.filter(({ item, content }) => item !== reader && need.allows(content));
    });
    return sources.sort((a, b) => b.from - a.from);
  }

  /** Of those who were not. */
  possible(reader: number, needs: readonly Need[]): readonly Writer[] {
    const { operation, from, to } = this.#items[reader]!;
    return needs.flatMap((need) => {
      const cell = this.cell(need.cell);
      const since = cell.overwrittenUntil(from);
      return cell.possible.filter(
        (writer) =>
          writer.from <= to &&
          writer.to >= since &&
          this.#items[writer.item]!.operation !== operation &&
          need.allows(writer.content),
      );
    });
  }

  /** Because of whom nobody else can have. */
  overwriters(reader: number, needs: readonly Need[]): readonly number[] {
    const { from } = this.#items[reader]!;
    const writers = needs.map((need) => this.cell(need.cell).overwriterBefore(from));
    return writers.flatMap((writer) => (writer === undefined ? [] : [writer.item]));
  }
}

const NEVER_WRITTEN = new Cell([], []);
