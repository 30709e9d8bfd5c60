/**
 * Operations as what they need and what they leave behind, cell by cell: the form in which ordering/
 * looks for an order. A cell is a key, or the whole of a register.
 */

/** Undefined where nothing is, as everywhere in the beginning. */
export type Content = string | undefined;

/** What the answer says about a cell just before. */
export interface Need {
  readonly cell: string;
  allows(content: Content): boolean;
}

export interface Write {
  readonly cell: string;
  readonly content: Content;
}

/** One way in which an operation can have happened, with the answer that it got. */
export interface Act {
  /** Of each list at least one was met. */
  readonly needs: readonly (readonly Need[])[];
  /** One for each cell at most. */
  readonly writes: readonly Write[];
}
