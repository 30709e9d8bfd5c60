/** Ways to give the servers each other's names. `permutation[position]` is the new position. */
export type Permutation = readonly number[];

export const namesKept = (size: number): Permutation =>
  Array.from({ length: size }, (_, position) => position);

export function permutationsOf(size: number): readonly Permutation[] {
  if (size === 0) return [[]];
  return permutationsOf(size - 1).flatMap((shorter) =>
    Array.from({ length: size }, (_, at) => [
      ...shorter.slice(0, at),
      size - 1,
      ...shorter.slice(at),
    ]),
  );
}

export function inverseOf(permutation: Permutation): Permutation {
  const inverse = permutation.map(() => 0);
  for (const [position, image] of permutation.entries()) inverse[image] = position;
  return inverse;
}

/** First `first`, then `then`. */
export const composed = (first: Permutation, then: Permutation): Permutation =>
  first.map((image) => then[image]!);
