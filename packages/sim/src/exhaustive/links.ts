/** Which servers can talk to which: every graph of links, and who could lead with it. */

export class Links {
  /** One text for each server: `1` where it can send. */
  readonly rows: readonly string[];

  constructor(rows: readonly string[]) {
    this.rows = rows;
  }

  isOpen(from: number, to: number): boolean {
    return this.rows[from]![to] === '1';
  }

  isTwoWay(one: number, other: number): boolean {
    return this.isOpen(one, other) && this.isOpen(other, one);
  }

  /** The servers that can talk both ways with enough others for a quorum. */
  get hubs(): readonly number[] {
    const positions = this.rows.map((_, position) => position);
    return positions.filter((one) => {
      const partners = positions.filter((other) => other !== one && this.isTwoWay(one, other));
      return 2 * (partners.length + 1) > positions.length;
    });
  }

  /** These, less those for which `isKept` says no. */
  withOpen(isKept: (from: number, to: number) => boolean): Links {
    const rows = this.rows.map((row, from) =>
      [...row].map((open, to) => (isKept(from, to) ? open : '0')).join(''),
    );
    return new Links(rows);
  }

  toString(): string {
    return this.rows.join(' ');
  }
}

export const allOpen = (size: number): Links => new Links(Array(size).fill('1'.repeat(size)));

/** Every set of links that are open both ways or not at all: 2^3 for 3 servers, 2^10 for 5. */
export function symmetricLinks(size: number): readonly Links[] {
  const pairs = pairsOf(size).filter(([one, other]) => one < other);
  return subsetsOf(pairs).map((open) =>
    linksOf(size, [...open, ...open.map(([one, other]) => [other, one] as const)]),
  );
}

/** Every set of links, each way by itself: 2^6 for 3 servers. */
export const oneWayLinks = (size: number): readonly Links[] =>
  subsetsOf(pairsOf(size)).map((open) => linksOf(size, open));

type Pair = readonly [number, number];

function pairsOf(size: number): Pair[] {
  const positions = Array.from({ length: size }, (_, position) => position);
  return positions.flatMap((from) =>
    positions.filter((to) => to !== from).map((to) => [from, to] as const),
  );
}

const subsetsOf = (pairs: readonly Pair[]): Pair[][] =>
  Array.from({ length: 2 ** pairs.length }, (_, bits) =>
    pairs.filter((_, position) => ((bits >> position) & 1) === 1),
  );

const linksOf = (size: number, open: readonly Pair[]): Links =>
  new Links(
    Array.from({ length: size }, (_, from) =>
      Array.from({ length: size }, (_, to) =>
        from === to || open.some(([a, b]) => a === from && b === to) ? '1' : '0',
      ).join(''),
    ),
  );
