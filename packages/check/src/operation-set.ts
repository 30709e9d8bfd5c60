/**
 * The set of operations that the search has placed so far, and the memory of all such sets that it
 * has met, each with the state it led to.
 *
 * A set of answered operations is nearly always "everything up to some point, and a few after": only the words between the
 * first that is not full and the last that is not empty are remembered. The hash is kept up to date
 * with each change, so that neither adding nor looking up walks the whole set.
 */

const FULL_WORD = 0xffffffff;

export class OperationSet {
  readonly #words: Uint32Array;
  #hash = 0;

  constructor(size: number) {
    this.#words = new Uint32Array((size + 31) >>> 5);
  }

  get hash(): number {
    return this.#hash;
  }

  /** Adds what is missing, removes what is there. */
  toggle(operation: number): void {
    this.#words[operation >>> 5]! ^= 1 << (operation & 31);
    this.#hash ^= scramble(operation);
  }

  has(operation: number): boolean {
    return ((this.#words[operation >>> 5]! >>> (operation & 31)) & 1) === 1;
  }

  /** The words between the zeros at both ends. */
  copy(): PackedSet {
    const words = this.#words;
    let [from, to] = [0, words.length];
    while (to > 0 && words[to - 1] === 0) to -= 1;
    while (from < to && words[from] === 0) from += 1;
    return { from, words: words.slice(from, to) };
  }

  /** A copy for the memory: the words between those that are full and those that are empty. */
  pack(): PackedSet {
    const words = this.#words;
    let from = 0;
    while (from < words.length && words[from] === FULL_WORD) from += 1;
    let to = words.length;
    while (to > from && words[to - 1] === 0) to -= 1;
    return { from, words: words.slice(from, to) };
  }

  /** @param packed By `pack`. */
  equals(packed: PackedSet): boolean {
    const words = this.#words;
    const end = packed.from + packed.words.length;
    for (let i = packed.from; i < end; i++) {
      if (words[i] !== packed.words[i - packed.from]) return false;
    }
    for (let i = packed.from - 1; i >= 0; i--) if (words[i] !== FULL_WORD) return false;
    for (let i = end; i < words.length; i++) if (words[i] !== 0) return false;
    return true;
  }
}

interface PackedSet {
  readonly from: number;
  readonly words: Uint32Array;
}

/**
 * Which operations were placed before, and which states that led to.
 *
 * Of those that were answered the same must be left for two positions to be compared. Of the others fewer
 * is better: whatever can follow can follow the position that has more of them left too.
 */
export class VisitedSets {
  readonly #byHash = new Map<number, Visited>();

  /** False when a position as good as this was there already. */
  add(answered: OperationSet, lost: OperationSet, state: string | number): boolean {
    const visited = this.#find(answered);
    const known = visited.lost.get(state) ?? [];
    const placed = lost.copy();
    if (known.some((other) => isWithin(other, placed))) return false;
    visited.lost.set(state, [placed, ...known.filter((other) => !isWithin(placed, other))]);
    return true;
  }

  #find(answered: OperationSet): Visited {
    const sameHash = this.#byHash.get(answered.hash);
    for (let other = sameHash; other !== undefined; other = other.next) {
      if (answered.equals(other.answered)) return other;
    }
    const visited: Visited = { answered: answered.pack(), lost: new Map(), next: sameHash };
    this.#byHash.set(answered.hash, visited);
    return visited;
  }
}

interface Visited {
  readonly answered: PackedSet;
  /** By state: what else was placed. */
  readonly lost: Map<string | number, PackedSet[]>;
  /** Another set with the same hash. */
  readonly next: Visited | undefined;
}

/** Of copies: is all of `some` in `others`? */
function isWithin(some: PackedSet, others: PackedSet): boolean {
  const shift = some.from - others.from;
  return some.words.every((word, i) => (word & ~(others.words[i + shift] ?? 0)) === 0);
}

/** Spreads small numbers over 32 bits (the finalizer of MurmurHash3, public domain). */
function scramble(value: number): number {
  let hash = value + 0x9e3779b9;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
