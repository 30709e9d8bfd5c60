/**
 * A subset that is enough, and of which nothing can be spared (Junker's QuickXplain, 2004). All of
 * `items` must be enough and none must not be; whatever contains enough must be enough. Early items are preferred.
 * For `m` of `n` items it asks about `2m log(n / m)` times.
 */
export function smallestSubset<Item>(
  items: readonly Item[],
  isEnough: (items: readonly Item[]) => boolean,
): Item[] {
  const complete = (given: Item[], hasGrown: boolean, rest: readonly Item[]): Item[] => {
    if (hasGrown && isEnough(given)) return [];
    if (rest.length === 1) return [...rest];
    const middle = rest.length >>> 1;
    const [early, late] = [rest.slice(0, middle), rest.slice(middle)];
    const fromLate = complete([...given, ...early], true, late);
    const fromEarly = complete([...given, ...fromLate], fromLate.length > 0, early);
    return [...fromLate, ...fromEarly];
  };
  return complete([], false, items);
}
