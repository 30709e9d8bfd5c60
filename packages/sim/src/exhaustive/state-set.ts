/** States of the world in the order in which they were found, each once, and how each was found. */
export class StateSet {
  readonly #width: number;
  #states: Int32Array;
  /** Open addressing: state number plus 1, or 0. */
  #table = new Int32Array(1 << 16);
  #parents = new Int32Array(1 << 12);
  #moves = new Int32Array(1 << 12);
  size = 0;

  /** @param width Numbers that make up a state. */
  constructor(width: number) {
    this.#width = width;
    this.#states = new Int32Array(width << 12);
  }

  /** False if it was there before. What it was found by: a happening below 2^20, and anything below 2^12. */
  add(state: readonly number[], parent: number, happening: number, rest: number): boolean {
    if (this.size * 2 >= this.#table.length) this.#growTable();
    const slot = this.#slotOf(state);
    if (this.#table[slot] !== 0) return false;
    const number = this.size++;
    if (this.size * this.#width > this.#states.length) this.#growStates();
    this.#table[slot] = this.size;
    this.#states.set(state, number * this.#width);
    this.#parents[number] = parent;
    this.#moves[number] = (happening << 12) | rest;
    return true;
  }

  read(number: number, into: number[]): void {
    const from = number * this.#width;
    for (let at = 0; at < this.#width; at++) into[at] = this.#states[from + at]!;
  }

  /** How it was found; the first state has no parent (-1). */
  foundBy(number: number): { parent: number; happening: number; rest: number } {
    const move = this.#moves[number]!;
    return { parent: this.#parents[number]!, happening: move >>> 12, rest: move & 0xfff };
  }

  #slotOf(state: ArrayLike<number>): number {
    const mask = this.#table.length - 1;
    let slot = hashOf(state, 0, this.#width) & mask;
    for (;;) {
      const found = this.#table[slot]!;
      if (found === 0 || this.#isAt(found - 1, state)) return slot;
      slot = (slot + 1) & mask;
    }
  }

  #isAt(number: number, state: ArrayLike<number>): boolean {
    const from = number * this.#width;
    for (let at = 0; at < this.#width; at++) {
      if (this.#states[from + at] !== state[at]) return false;
    }
    return true;
  }

  #growTable(): void {
    this.#table = new Int32Array(this.#table.length * 2);
    const mask = this.#table.length - 1;
    for (let number = 0; number < this.size; number++) {
      let slot = hashOf(this.#states, number * this.#width, this.#width) & mask;
      while (this.#table[slot] !== 0) slot = (slot + 1) & mask;
      this.#table[slot] = number + 1;
    }
  }

  #growStates(): void {
    this.#states = doubled(this.#states);
    this.#parents = doubled(this.#parents);
    this.#moves = doubled(this.#moves);
  }
}

function doubled(array: Int32Array): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(array.length * 2);
  larger.set(array);
  return larger;
}

function hashOf(state: ArrayLike<number>, from: number, width: number): number {
  let hash = 0x9747b28c;
  for (let at = from; at < from + width; at++) {
    hash = Math.imul(hash ^ state[at]!, 0x85ebca6b);
    hash ^= hash >>> 13;
    hash = Math.imul(hash, 0xc2b2ae35);
    hash ^= hash >>> 16;
  }
  return hash >>> 0;
}
