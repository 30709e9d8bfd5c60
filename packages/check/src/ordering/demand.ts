import type { Need } from '../acts.ts';
import type { Cell, Source } from './cells.ts';
import { FALSE, type Literal } from './solver.ts';

/** "`reader` found in `cell` what `writer` had left there", or nothing if there was no writer. */
export interface Choice {
  readonly literal: Literal;
  readonly demand: Demand;
  readonly reader: number;
  readonly writer: number | undefined;
  readonly cell: Cell;
  /** Of the answered writers called by then it was said that they did not come between. */
  spreadUntil: number;
  /** The others for whom that was said. */
  readonly excluded: Set<number>;
}

/** Sources that are looked at together. A window shares its second half with the next. */
const WINDOW = 32;

/**
 * "One of these needs of `reader` was met."
 *
 * By whom, is asked from the last who can have done it back to the first, a window at a time: a
 * reader that was not answered has thousands of possible sources, of which the latest nearly always will do.
 */
export class Demand {
  /** Never assigned: its place on the agenda. */
  readonly variable: number;
  readonly reader: number;
  readonly needs: readonly Need[];
  /** Answered operations that can be the source, the last called first. */
  readonly #sources: readonly Source[];
  /** Those of them that were asked about, by position. */
  readonly #asked = new Map<number, Choice>();
  /** "The source is in this window or further back", by its first position. */
  readonly #earlier = new Map<number, Literal>();
  /** "By somebody who was not answered." Looked into only if nobody else can have. */
  readonly byPossible: Literal;
  possibleChoices: readonly Choice[] | undefined;
  /** That somebody did not happen, without whom there would be more sources. */
  readonly unless: readonly Literal[];
  /** Under which circumstances it was said already. */
  readonly said = new Set<string>();

  constructor(
    variable: number,
    reader: number,
    needs: readonly Need[],
    sources: readonly Source[],
    byPossible: Literal,
    unless: readonly Literal[],
  ) {
    this.variable = variable;
    this.reader = reader;
    this.needs = needs;
    this.#sources = sources;
    this.byPossible = byPossible;
    this.unless = unless;
  }

  /** In which window the sources begin that were called by then. */
  windowAt(moment: number): number {
    const sources = this.#sources;
    let [low, high] = [0, sources.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (sources[middle]!.from > moment) low = middle + 1;
      else high = middle;
    }
    return low - (low % (WINDOW / 2));
  }

  get choices(): Iterable<Choice> {
    return this.#asked.values();
  }

  choicesIn(window: number, ask: (source: Source) => Choice): readonly Choice[] {
    const choices: Choice[] = [];
    const end = Math.min(window + WINDOW, this.#sources.length);
    for (let position = window; position < end; position++) {
      let choice = this.#asked.get(position);
      if (choice === undefined) {
        choice = ask(this.#sources[position]!);
        this.#asked.set(position, choice);
      }
      choices.push(choice);
    }
    return choices;
  }

  /** "Further back than this window"; false if it is the last. */
  beyond(window: number, ask: (next: number) => Literal): Literal {
    const next = window + WINDOW;
    if (next >= this.#sources.length) return FALSE;
    let literal = this.#earlier.get(next);
    if (literal === undefined) {
      literal = ask(next);
      this.#earlier.set(next, literal);
    }
    return literal;
  }
}
