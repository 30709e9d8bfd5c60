/**
 * An order of operations, as a question for the solver.
 *
 * Every need of every act that happened has a source: the last act before it that wrote the cell.
 * So the order is right if each source comes before its reader, and each other writer of the cell before
 * the source or after the reader. Nothing else matters, and what does not matter is not decided: no
 * sequence of states is built, keys that nothing joins at the moment stay apart by themselves, and an
 * operation that was not answered happens only where somebody needs what it wrote.
 *
 * Why that is sound and complete: an order of the operations gives sources and an order of each
 * two acts that meet all clauses. And where all are met, any sorting of the acts by what was decided is
 * an order in which each reader finds what its source wrote.
 */

import type { Act, Need } from '../acts.ts';
import { Agenda } from './agenda.ts';
import { Cell, cellsOf, type Writer } from './cells.ts';
import { PartialOrder, type Span } from './partial-order.ts';
import { FALSE, type Literal, not, Solver, type Theory, TRUE, variableOf } from './solver.ts';

/** An act, and the operation that it is one way of. */
export interface Item extends Span {
  readonly operation: number;
  readonly act: Act;
  /** The operation was answered, so this happened. */
  readonly isCertain: boolean;
}

/** "`reader` found in `cell` what `writer` had left there", or nothing if there was no writer. */
interface Choice {
  readonly literal: Literal;
  readonly demand: Demand;
  readonly reader: number;
  readonly writer: number | undefined;
  readonly cell: Cell;
  /** Once true, it was said of the answered writers that they did not come between. */
  isSpread: boolean;
  /** The others for whom that was said. */
  readonly excluded: Set<number>;
}

/** "One of these needs of `reader` was met." */
interface Demand {
  readonly variable: number;
  readonly reader: number;
  readonly needs: readonly Need[];
  readonly choices: readonly Choice[];
  /** "By somebody who was not answered." Looked into only if nobody else can have. */
  readonly byPossible: Literal;
  possibleChoices: readonly Choice[] | undefined;
}

type Meaning =
  | { readonly kind: 'happened'; readonly item: number }
  | { readonly kind: 'choice'; readonly choice: Choice }
  | { readonly kind: 'byPossible'; readonly demand: Demand }
  | { readonly kind: 'demand'; readonly demand: Demand }
  /** True: `first` before `second`. */
  | { readonly kind: 'order'; readonly first: number; readonly second: number };

export class Ordering implements Theory {
  readonly solver = new Solver(this);
  readonly order: PartialOrder;
  readonly #items: readonly Item[];
  readonly #cells: ReadonlyMap<string, Cell>;
  readonly #agenda = new Agenda();
  /** By variable. The first is the constant. */
  readonly #meanings: (Meaning | undefined)[] = [undefined];
  readonly #happened: readonly Literal[];
  readonly #demands: (readonly Demand[] | undefined)[];
  readonly #choicesOf = new Map<Cell, Choice[]>();
  /** By writer. */
  readonly #choicesFrom: Choice[][];
  readonly #seenPossible = new Map<Cell, number[]>();
  readonly #orders = new Map<number, number>();
  /** Bounds that hold whatever is decided. */
  #settled: { readonly from: Int32Array; readonly to: Int32Array };

  constructor(items: readonly Item[]) {
    this.#items = items;
    this.order = new PartialOrder(items);
    this.#settled = this.order;
    const acts = items.map(({ act }) => act);
    this.#cells = cellsOf(acts, items, (item) => items[item]!.isCertain);
    this.#demands = items.map(() => undefined);
    this.#choicesFrom = items.map(() => []);
    this.#happened = items.map(({ isCertain }, item) =>
      isCertain ? TRUE : this.#newLiteral({ kind: 'happened', item }),
    );
    for (const [item, { isCertain, operation }] of items.entries()) {
      // An operation happened in one way at most; its ways follow one another.
      if (items[item + 1]?.operation === operation) {
        this.solver.add([not(this.#happened[item]!), not(this.#happened[item + 1]!)]);
      }
      if (isCertain) this.#demand(item);
    }
  }

  /** Once found: what happened, in order. */
  get found(): readonly number[] {
    return [...this.#items.keys()]
      .filter((item) => this.solver.isTrue(this.#happened[item]!))
      .sort((a, b) => this.order.compare(a, b));
  }

  assigned(literal: Literal): readonly Literal[] | undefined {
    const meaning = this.#meanings[variableOf(literal)];
    const isTrue = literal % 2 === 0;
    if (meaning?.kind === 'order') {
      const { first, second } = meaning;
      return isTrue
        ? this.order.add(first, second, literal)
        : this.order.add(second, first, literal);
    }
    if (!isTrue) return undefined;
    if (meaning?.kind === 'choice') this.#chosen(meaning.choice);
    else if (meaning?.kind === 'happened') this.#hasHappened(meaning.item);
    else if (meaning?.kind === 'byPossible') this.#lookIntoPossible(meaning.demand);
    return undefined;
  }

  unassigned(literal: Literal, wasTold: boolean): void {
    const variable = variableOf(literal);
    const meaning = this.#meanings[variable];
    if (meaning?.kind === 'choice') this.#agenda.push(meaning.choice.demand.variable);
    if (meaning?.kind !== 'order') return;
    this.#agenda.push(variable);
    if (!wasTold) return;
    const { first, second } = meaning;
    if (literal % 2 === 0) this.order.remove(first, second);
    else this.order.remove(second, first);
  }

  decide(): Literal | undefined {
    if (this.solver.level === 0) {
      this.#settled = { from: this.order.from.slice(), to: this.order.to.slice() };
    }
    for (;;) {
      const variable = this.#agenda.pop();
      if (variable === undefined) return undefined;
      const meaning = this.#meanings[variable]!;
      if (meaning.kind === 'demand') {
        const literal = this.#choose(meaning.demand);
        if (literal !== undefined) return literal;
      } else if (meaning.kind === 'order') {
        const literal = 2 * variable;
        if (this.solver.isTrue(literal) || this.solver.isFalse(literal)) continue;
        return this.order.compare(meaning.first, meaning.second) < 0 ? literal : not(literal);
      }
    }
  }

  /** Whoever comes to mind first; undefined if somebody was chosen. */
  #choose({ reader, choices, byPossible, possibleChoices }: Demand): Literal | undefined {
    const { solver } = this;
    if (!solver.isTrue(this.#happened[reader]!)) return undefined;
    const isChosen = ({ literal }: Choice) => solver.isTrue(literal);
    if (choices.some(isChosen) || possibleChoices?.some(isChosen)) return undefined;
    let best: Choice | undefined;
    for (const choice of solver.isTrue(byPossible) ? possibleChoices! : choices) {
      if (solver.isFalse(choice.literal)) continue;
      if (best === undefined || this.#isLikelier(choice, best)) best = choice;
    }
    return best?.literal ?? byPossible;
  }

  /** Who did happen, and last before the reader, as far as one can tell. */
  #isLikelier(choice: Choice, other: Choice): boolean {
    const [a, b] = [choice.writer, other.writer];
    if (a === undefined || b === undefined) return a !== undefined;
    const hasHappened = (item: number) => this.solver.isTrue(this.#happened[item]!);
    if (hasHappened(a) !== hasHappened(b)) return hasHappened(a);
    const isBefore = (item: number) => this.order.compare(item, choice.reader) < 0;
    if (isBefore(a) !== isBefore(b)) return isBefore(a);
    return this.order.compare(a, b) < 0 !== isBefore(a);
  }

  #hasHappened(item: number): void {
    if (this.#demands[item] === undefined) this.#demand(item);
    for (const { variable } of this.#demands[item]!) this.#agenda.push(variable);
    for (const { cell: name } of this.#items[item]!.act.writes) {
      const cell = this.#cells.get(name)!;
      const seen = listIn(this.#seenPossible, cell);
      if (!seen.includes(item)) seen.push(item);
      for (const choice of listIn(this.#choicesOf, cell)) {
        if (this.solver.isTrue(choice.literal)) this.#excludePossible(choice, item);
      }
    }
  }

  #demand(reader: number): void {
    const { act, from, to } = this.#items[reader]!;
    const demands: Demand[] = [];
    for (const needs of act.needs) {
      const variable = this.solver.newVariable();
      const happened = not(this.#happened[reader]!);
      const choices: Choice[] = [];
      const demand: Demand = {
        variable,
        reader,
        needs,
        choices,
        byPossible: this.#possibleLiteral(reader, needs),
        possibleChoices: undefined,
      };
      this.#meanings[variable] = { kind: 'demand', demand };
      for (const need of needs) this.#addChoices(demand, need, choices);
      if (demand.byPossible !== FALSE) {
        this.#meanings[variableOf(demand.byPossible)] = { kind: 'byPossible', demand };
      }
      this.solver.add([happened, ...choices.map(({ literal }) => literal), demand.byPossible]);
      this.#agenda.plan(variable, this.#isOpen(reader) ? from : to);
      demands.push(demand);
    }
    this.#demands[reader] = demands;
  }

  #addChoices(demand: Demand, need: Need, choices: Choice[]): void {
    const { reader } = demand;
    const { from, to } = this.#items[reader]!;
    const cell = this.#cells.get(need.cell) ?? NEVER_WRITTEN;
    const since = cell.overwrittenUntil(from);
    for (const { item, content } of cell.certainWithin({ from: since, to })) {
      if (item !== reader && need.allows(content)) {
        choices.push(this.#newChoice(demand, item, cell));
      }
    }
    if (since === -1 && need.allows(undefined)) {
      choices.push(this.#newChoice(demand, undefined, cell));
    }
  }

  #possibleLiteral(reader: number, needs: readonly Need[]): Literal {
    const some = needs.some((need) =>
      this.#possibleWriters(need).some((writer) => this.#isSource(writer, reader, need)),
    );
    return some ? 2 * this.solver.newVariable() : FALSE;
  }

  #possibleWriters({ cell }: Need): readonly Writer[] {
    return this.#cells.get(cell)?.possible ?? [];
  }

  #isSource({ item, content, from }: Writer, reader: number, need: Need): boolean {
    const { operation, to } = this.#items[reader]!;
    return from <= to && this.#items[item]!.operation !== operation && need.allows(content);
  }

  #lookIntoPossible(demand: Demand): void {
    if (demand.possibleChoices === undefined) {
      const { reader, needs } = demand;
      demand.possibleChoices = needs.flatMap((need) =>
        this.#possibleWriters(need)
          .filter((writer) => this.#isSource(writer, reader, need))
          .map(({ item }) => this.#newChoice(demand, item, this.#cells.get(need.cell)!)),
      );
      const literals = demand.possibleChoices.map(({ literal }) => literal);
      this.solver.add([not(demand.byPossible), ...literals]);
    }
    this.#agenda.push(demand.variable);
  }

  #newChoice(demand: Demand, writer: number | undefined, cell: Cell): Choice {
    const variable = this.solver.newVariable();
    const { reader } = demand;
    const excluded = new Set<number>();
    const literal = 2 * variable;
    const choice = { literal, demand, reader, writer, cell, isSpread: false, excluded };
    this.#meanings[variable] = { kind: 'choice', choice };
    return choice;
  }

  #chosen(choice: Choice): void {
    const { literal, reader, writer, cell } = choice;
    if (!choice.isSpread) {
      choice.isSpread = true;
      listIn(this.#choicesOf, cell).push(choice);
      if (writer !== undefined) {
        this.#choicesFrom[writer]!.push(choice);
        this.solver.add([not(literal), this.#before(writer, reader)]);
        this.solver.add([not(literal), this.#happened[writer]!]);
      }
      const { from, to } = this.#items[reader]!;
      const called = writer === undefined ? -1 : this.#items[writer]!.from;
      // Who returned before that was overwritten by one of those that are left.
      const since = Math.max(called, cell.overwrittenUntil(from));
      for (const { item } of cell.certainWithin({ from: since, to })) this.#exclude(choice, item);
    }
    for (const item of listIn(this.#seenPossible, cell)) {
      if (this.solver.isTrue(this.#happened[item]!)) this.#excludePossible(choice, item);
    }
  }

  /** If `other` happened, it did so before the writer or after the reader. */
  #exclude({ literal, reader, writer }: Choice, other: number): void {
    if (other === reader || other === writer) return;
    this.solver.add([
      not(literal),
      not(this.#happened[other]!),
      writer === undefined ? FALSE : this.#before(other, writer),
      this.#before(reader, other),
    ]);
  }

  /**
   * As long as `other` is taken to have happened it has a reader, which returned; what was written
   * after that is no concern of it.
   */
  #excludePossible(choice: Choice, other: number): void {
    const { writer, excluded } = choice;
    if (excluded.has(other)) return;
    if (writer !== undefined && this.#settled.from[writer]! > this.#seenUntil(other)) return;
    excluded.add(other);
    this.#exclude(choice, other);
  }

  #seenUntil(item: number): number {
    let until = this.#settled.to[item]!;
    for (const { literal, reader } of this.#choicesFrom[item]!) {
      if (this.solver.isTrue(literal)) until = Math.min(until, this.#settled.to[reader]!);
    }
    return until;
  }

  /** "`a` took effect before `b`." */
  #before(a: number, b: number): Literal {
    const { from, to } = this.#settled;
    if (to[a]! < from[b]!) return TRUE;
    if (to[b]! < from[a]!) return FALSE;
    const [first, second] = a < b ? [a, b] : [b, a];
    const pair = first * this.#items.length + second;
    let variable = this.#orders.get(pair);
    if (variable === undefined) {
      variable = this.solver.newVariable();
      this.#orders.set(pair, variable);
      this.#meanings[variable] = { kind: 'order', first, second };
      this.#agenda.plan(variable, this.#overlapOf(first, second));
    }
    return a === first ? 2 * variable : 2 * variable + 1;
  }

  /** When it is due to know which of the two was first. */
  #overlapOf(a: number, b: number): number {
    const [one, other] = [this.#items[a]!, this.#items[b]!];
    if (this.#isOpen(a) && this.#isOpen(b)) return Math.max(one.from, other.from);
    return Math.min(one.to, other.to);
  }

  #isOpen(item: number): boolean {
    return !this.#items[item]!.isCertain;
  }

  #newLiteral(meaning: Meaning): Literal {
    const variable = this.solver.newVariable();
    this.#meanings[variable] = meaning;
    return 2 * variable;
  }
}

const NEVER_WRITTEN = new Cell([], []);

function listIn<Key, Item>(lists: Map<Key, Item[]>, key: Key): Item[] {
  const known = lists.get(key);
  if (known !== undefined) return known;
  const list: Item[] = [];
  lists.set(key, list);
  return list;
}
