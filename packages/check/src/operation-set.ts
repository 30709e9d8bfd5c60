/**
 * The set of operations that the search has placed so far, and the memory of all such sets that it
 * has met, each with the state it led to.
 *
 * A set is nearly always "everything up to some point, and a few after": only the words between the
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

  /** A copy for the memory. */
  pack(): PackedSet {
    const words = this.#words;
    let from = 0;
    while (from < words.length && words[from] === FULL_WORD) from += 1;
    let to = words.length;
    while (to > from && words[to - 1] === 0) to -= 1;
    return { from, words: words.slice(from, to) };
  }

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

/** Words before `from` are full, words after the last are empty. */
interface PackedSet {
  readonly from: number;
  readonly words: Uint32Array;
}

/** Which sets of operations were placed before, and which states they led to. */
export class VisitedSets {
  readonly #byHash = new Map<number, Visited>();

  /** False when the pair was there already. */
  add(set: OperationSet, state: string | number): boolean {
    const sameHash = this.#byHash.get(set.hash);
    for (let other = sameHash; other !== undefined; other = other.next) {
      if (!set.equals(other.set)) continue;
      if (other.states.has(state)) return false;
      other.states.add(state);
      return true;
    }
    this.#byHash.set(set.hash, { set: set.pack(), states: new Set([state]), next: sameHash });
    return true;
  }
}

interface Visited {
  readonly set: PackedSet;
  readonly states: Set<string | number>;
  /** Another set with the same hash. */
  readonly next: Visited | undefined;
}

/** Spreads small numbers over 32 bits (the finalizer of MurmurHash3, public domain). */
function scramble(value: number): number {
  let hash = value + 0x9e3779b9;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
