/**
 * For operations on several keys: keys that one operation touches together cannot be checked apart.
 */

/** One key, or all from `from` up to and without `to`, by UTF-16 code units. */
export type KeySpan = string | { readonly from: string; readonly to: string };

/**
 * The connected components of keys: two keys are in one if some operation touches both. Of a range
 * those keys count that occur anywhere as single keys; nobody can have written another.
 */
export function connectedKeys<Input>(
  inputs: readonly Input[],
  spansOf: (input: Input) => readonly KeySpan[],
): (input: Input) => string {
  const spans = inputs.map(spansOf);
  const singles = spans.flat().filter((span) => typeof span === 'string');
  const keys = [...new Set(singles)].sort();
  const components = new Components();
  for (const list of spans) {
    const touched = list.flatMap((span) => keysWithin(keys, span));
    for (const key of touched) components.join(touched[0]!, key);
  }
  return (input) => {
    const touched = spansOf(input).flatMap((span) => keysWithin(keys, span));
    return touched.length === 0 ? '' : components.nameOf(touched[0]!);
  };
}

/** Of the sorted `keys`, those of the span. */
export function keysWithin(keys: readonly string[], span: KeySpan): readonly string[] {
  if (typeof span === 'string') return [span];
  return keys.slice(firstFrom(keys, span.from), firstFrom(keys, span.to));
}

/** How many of the sorted `keys` are before `bound`. */
function firstFrom(keys: readonly string[], bound: string): number {
  let [low, high] = [0, keys.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (keys[middle]! < bound) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Union-find; a component is called like the smallest of its keys. */
class Components {
  readonly #parents = new Map<string, string>();

  join(one: string, other: string): void {
    const [a, b] = [this.nameOf(one), this.nameOf(other)];
    if (a < b) this.#parents.set(b, a);
    else if (b < a) this.#parents.set(a, b);
  }

  nameOf(key: string): string {
    let name = key;
    for (let parent = this.#parents.get(name); parent !== undefined; ) {
      // Halves the way for the next who asks.
      const grandparent = this.#parents.get(parent);
      if (grandparent !== undefined) this.#parents.set(name, grandparent);
      name = parent;
      parent = grandparent;
    }
    return name;
  }
}
