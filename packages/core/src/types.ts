/**
 * The words of the protocol.
 *
 * Every name here is the name the Raft paper or Ongaro's dissertation uses, so a reader can keep
 * Figure 2 beside the code. Terms, indexes and node ids are plain numbers at run time; the brands
 * exist only so that the compiler refuses `appendAfter(term, index)` with its arguments swapped.
 *
 * All three are safe integers. A cluster that commits a million entries a second reaches 2^53 - 1
 * after 285 years. The wire decoder rejects anything larger, so nothing downstream checks again.
 *
 * This file imports nothing. It is the bottom of the dependency graph.
 */

declare const brand: unique symbol;
type Brand<Name extends string> = number & { readonly [brand]: Name };

/** A logical clock: at most one leader per term (§5.2). Starts at 0, before the first election. */
export type Term = Brand<'Term'>;

/** A position in the log. The first entry has index 1; 0 means "before the first entry" (§5.3). */
export type LogIndex = Brand<'LogIndex'>;

/** A server's identity for its whole life. Never 0, and never reused after removal. */
export type NodeId = Brand<'NodeId'>;

/** Two entries with the same id store the same command (Log Matching, §5.3). */
export interface EntryId {
  readonly term: Term;
  readonly index: LogIndex;
}

/** Milliseconds of a monotonic clock that the caller owns. Only differences have a meaning. */
export type Milliseconds = number;

export const nextTerm = (term: Term): Term => (term + 1) as Term;
export const nextIndex = (index: LogIndex): LogIndex => (index + 1) as LogIndex;
export const previousIndex = (index: LogIndex): LogIndex => (index - 1) as LogIndex;
/** The index `distance` entries after `base`. */
export const indexAfter = (base: LogIndex, distance: number): LogIndex =>
  (base + distance) as LogIndex;
export const smallerIndex = (a: LogIndex, b: LogIndex): LogIndex => (a < b ? a : b);
export const largerIndex = (a: LogIndex, b: LogIndex): LogIndex => (a > b ? a : b);

/** Before the first term and the first entry. */
export const TERM_ZERO = 0 as Term;
export const INDEX_ZERO = 0 as LogIndex;
