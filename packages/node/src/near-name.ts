/** The name that was meant by a misspelt one, if any of `names` is close enough. */
export function nearName(wrong: string, names: readonly string[]): string | undefined {
  const lower = wrong.toLowerCase();
  let near: string | undefined;
  // A third of the letters may be wrong, and one more.
  let least = Math.floor(wrong.length / 3) + 2;
  for (const name of names) {
    const distance = editsBetween(lower, name.toLowerCase());
    if (distance >= least) continue;
    near = name;
    least = distance;
  }
  return near;
}

/** Letters to insert, remove or replace, at least (Levenshtein). */
function editsBetween(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, at) => at);
  for (let i = 0; i < from.length; i += 1) {
    const next = [i + 1];
    for (let j = 0; j < to.length; j += 1) {
      const replaced = row[j]! + (from[i] === to[j] ? 0 : 1);
      next.push(Math.min(replaced, row[j + 1]! + 1, next[j]! + 1));
    }
    row = next;
  }
  return row[to.length]!;
}
