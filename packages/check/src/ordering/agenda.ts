/** What is still to be decided, the earliest first; each at most once (a binary heap). */
export class Agenda {
  /** By variable: when it is due. */
  readonly #dueAt: number[] = [];
  readonly #places: number[] = [];
  readonly #heap: number[] = [];

  /** From now on `variable` may be pushed. */
  plan(variable: number, dueAt: number): void {
    this.#dueAt[variable] = dueAt;
    this.#places[variable] = -1;
    this.push(variable);
  }

  push(variable: number): void {
    if (this.#places[variable] !== -1) return;
    this.#heap.push(variable);
    this.#rise(this.#heap.length - 1);
  }

  pop(): number | undefined {
    const heap = this.#heap;
    const first = heap[0];
    if (first === undefined) return undefined;
    this.#places[first] = -1;
    const last = heap.pop()!;
    if (heap.length > 0) {
      heap[0] = last;
      this.#sink();
    }
    return first;
  }

  #rise(start: number): void {
    const heap = this.#heap;
    const variable = heap[start]!;
    let at = start;
    while (at > 0) {
      const parent = (at - 1) >>> 1;
      if (!this.#isEarlier(variable, heap[parent]!)) break;
      this.#put(at, heap[parent]!);
      at = parent;
    }
    this.#put(at, variable);
  }

  #sink(): void {
    const heap = this.#heap;
    const variable = heap[0]!;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && this.#isEarlier(heap[child + 1]!, heap[child]!)) child += 1;
      if (!this.#isEarlier(heap[child]!, variable)) break;
      this.#put(at, heap[child]!);
      at = child;
    }
    this.#put(at, variable);
  }

  #put(place: number, variable: number): void {
    this.#heap[place] = variable;
    this.#places[variable] = place;
  }

  #isEarlier(a: number, b: number): boolean {
    const [dueA, dueB] = [this.#dueAt[a]!, this.#dueAt[b]!];
    return dueA < dueB || (dueA === dueB && a < b);
  }
}
