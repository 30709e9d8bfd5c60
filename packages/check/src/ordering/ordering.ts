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

import type { Need } from '../acts.ts';
import { Agenda } from './agenda.ts';
import { type Cell, listIn } from './cells.ts';
import { type Choice, Demand } from './demand.ts';
import { PartialOrder } from './partial-order.ts';
import type { Literal, Solution, Theory } from './solver.ts';
import { FALSE, not, Solver, TRUE, variableOf } from './solver.ts';
import { type Item, Sources } from './sources.ts';

type Meaning =
  | { readonly kind: 'happened'; readonly item: number }
  | { readonly kind: 'choice'; readonly choice: Choice }
  | { readonly kind: 'byPossible'; readonly demand: Demand }
  /** The source is in this window of the demand or further back. */
  | { readonly kind: 'earlier'; readonly demand: Demand; readonly window: number }
  | { readonly kind: 'demand'; readonly demand: Demand }
  /** True: `first` before `second`. */
  | { readonly kind: 'order'; readonly first: number; readonly second: number };

export class Ordering implements Theory {
  readonly solver = new Solver(this);
  readonly order: PartialOrder;
  readonly #items: readonly Item[];
  readonly #sources: Sources;
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

  /**
   * @param isAssumed That what is certain happened is an assumption: if there is no order, `contradiction`
   *   tells of which of it that would have been enough.
   */
  constructor(items: readonly Item[], isAssumed = false) {
    this.#items = items;
    this.order = new PartialOrder(items);
    this.#settled = { from: this.order.from.slice(), to: this.order.to.slice() };
    this.#sources = new Sources(items);
    this.#demands = items.map(() => undefined);
    this.#choicesFrom = items.map(() => []);
    this.#happened = items.map(({ isCertain }, item) =>
      isCertain && !isAssumed ? TRUE : this.#newLiteral({ kind: 'happened', item }),
    );
    for (const [item, { isCertain, operation }] of items.entries()) {
      // An operation happened in one way at most; its ways follow one another.
      for (let other = item + 1; items[other]?.operation === operation; other++) {
        this.solver.add([not(this.#happened[item]!), not(this.#happened[other]!)]);
      }
      if (isCertain && !isAssumed) this.#demand(item);
    }
  }

  solve(maxSteps: number): Solution {
    const certain = this.#happened.filter((_, item) => this.#items[item]!.isCertain);
    return this.solver.solve(
      maxSteps,
      certain.filter((literal) => literal !== TRUE),
    );
  }

  /** If there was no order: certain items that have none together. */
  get contradiction(): readonly number[] {
    return this.solver.core.map((literal) => this.#happened.indexOf(literal));
  }

  /** Once found: what happened, in order. */
  get found(): readonly number[] {
    return this.order.sorted().filter((item) => this.solver.isTrue(this.#happened[item]!));
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
    else if (meaning?.kind === 'earlier') this.#lookBack(meaning.demand, meaning.window, literal);
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
  #choose(demand: Demand): Literal | undefined {
    const { solver } = this;
    const { reader, byPossible, possibleChoices = [] } = demand;
    if (!solver.isTrue(this.#happened[reader]!)) return undefined;
    const { until } = this.#witnessOf(reader);
    const isChosen = ({ literal }: Choice) => solver.isTrue(literal);
    const choices = [...demand.choices];
    if (choices.some(isChosen) || possibleChoices.some(isChosen)) return undefined;
    if (solver.isTrue(byPossible)) return this.#likeliest(possibleChoices);
    const isCalled = ({ writer }: Choice) =>
      writer === undefined || this.#items[writer]!.from <= until;
    const literals = [
      this.#likeliest(choices.filter(isCalled)),
      this.#furthestBack(demand, until),
      byPossible,
      this.#likeliest(choices),
    ];
    return literals.find((literal) => literal !== undefined && !solver.isFalse(literal));
  }

  #furthestBack(demand: Demand, until: number): Literal {
    let window = demand.windowAt(until);
    for (;;) {
      const beyond = demand.beyond(window, (next) => this.#newEarlier(demand, next));
      if (!this.solver.isTrue(beyond)) return beyond;
      const meaning = this.#meanings[variableOf(beyond)];
      if (meaning?.kind !== 'earlier') return beyond;
      window = meaning.window;
    }
  }

  #likeliest(choices: readonly Choice[]): Literal | undefined {
    let best: Choice | undefined;
    for (const choice of choices) {
      if (this.solver.isFalse(choice.literal)) continue;
      if (best === undefined || this.#isLikelier(choice, best)) best = choice;
    }
    return best?.literal;
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
    this.#demand(item);
    if (!this.#isOpen(item)) return;
    for (const { cell: name } of this.#items[item]!.act.writes) {
      const cell = this.#sources.cell(name);
      const seen = listIn(this.#seenPossible, cell);
      if (!seen.includes(item)) seen.push(item);
      for (const choice of listIn(this.#choicesOf, cell)) {
        if (this.solver.isTrue(choice.literal)) this.#excludePossible(choice, item);
      }
    }
  }

  #demand(reader: number): void {
    this.#demands[reader] ??= this.#items[reader]!.act.needs.map((needs) =>
      this.#newDemand(reader, needs),
    );
    const { until, because } = this.#witnessOf(reader);
    for (const demand of this.#demands[reader]!) {
      this.#agenda.push(demand.variable);
      const window = demand.windowAt(until);
      const circumstances = [...because, window].join(' ');
      if (demand.said.has(circumstances)) continue;
      demand.said.add(circumstances);
      const sources = this.#sourcesIn(demand, window);
      this.solver.add([...because.map(not), ...sources, demand.byPossible]);
    }
  }

  #newDemand(reader: number, needs: readonly Need[]): Demand {
    const { from, to } = this.#items[reader]!;
    const variable = this.solver.newVariable();
    const isPossible = this.#sources.possible(reader, needs).length > 0;
    const byPossible = isPossible ? 2 * this.solver.newVariable() : FALSE;
    const sources = this.#sources.answered(reader, needs);
    const overwriters = this.#sources.overwriters(reader, needs);
    const unless = overwriters.map((item) => not(this.#happened[item]!));
    const demand = new Demand(variable, reader, needs, sources, byPossible, unless);
    this.#meanings[variable] = { kind: 'demand', demand };
    if (byPossible !== FALSE) {
      this.#meanings[variableOf(byPossible)] = { kind: 'byPossible', demand };
    }
    this.#agenda.plan(variable, this.#isOpen(reader) ? from : to);
    return demand;
  }

  #sourcesIn(demand: Demand, window: number): readonly Literal[] {
    const choices = demand.choicesIn(window, ({ item, cell }) =>
      this.#newChoice(demand, item, cell),
    );
    const beyond = demand.beyond(window, (next) => this.#newEarlier(demand, next));
    return [...choices.map(({ literal }) => literal), beyond, ...demand.unless];
  }

  #newEarlier(demand: Demand, window: number): Literal {
    return this.#newLiteral({ kind: 'earlier', demand, window });
  }

  #lookBack(demand: Demand, window: number, literal: Literal): void {
    const circumstances = `${literal}`;
    if (!demand.said.has(circumstances)) {
      demand.said.add(circumstances);
      this.solver.add([not(literal), ...this.#sourcesIn(demand, window)]);
    }
    this.#agenda.push(demand.variable);
  }

  /**
   * Until when an item took effect, and because of which choices. One that was not answered
   * happened only if it was seen, by somebody who returned or was seen himself.
   */
  #witnessOf(item: number, depth = 0): Witness {
    const happened = { until: this.#settled.to[item]!, because: [this.#happened[item]!] };
    if (!this.#isOpen(item) || depth === MAX_WITNESSES) return happened;
    let best: Witness = happened;
    for (const { literal, reader } of this.#choicesFrom[item]!) {
      if (!this.solver.isTrue(literal)) continue;
      const { until, because } = this.#witnessOf(reader, depth + 1);
      if (until < best.until) best = { until, because: [literal, ...because] };
    }
    return best;
  }

  #lookIntoPossible(demand: Demand): void {
    if (demand.possibleChoices === undefined) {
      const { reader, needs } = demand;
      demand.possibleChoices = this.#sources
        .possible(reader, needs)
        .map(({ item, cell }) => this.#newChoice(demand, item, cell));
      const literals = demand.possibleChoices.map(({ literal }) => literal);
      this.solver.add([not(demand.byPossible), ...literals, ...demand.unless]);
    }
    this.#agenda.push(demand.variable);
  }

  #newChoice(demand: Demand, writer: number | undefined, cell: Cell): Choice {
    const variable = this.solver.newVariable();
    const { reader } = demand;
    const excluded = new Set<number>();
    const literal = 2 * variable;
    const choice = { literal, demand, reader, writer, cell, spreadUntil: -2, excluded };
    this.#meanings[variable] = { kind: 'choice', choice };
    return choice;
  }

  #chosen(choice: Choice): void {
    const { literal, reader, writer, cell } = choice;
    if (choice.spreadUntil === -2) {
      choice.spreadUntil = -1;
      listIn(this.#choicesOf, cell).push(choice);
      if (writer !== undefined) {
        this.#choicesFrom[writer]!.push(choice);
        this.solver.add([not(literal), this.#before(writer, reader)]);
        this.solver.add([not(literal), this.#happened[writer]!]);
      }
    }
    this.#spread(choice);
    for (const item of listIn(this.#seenPossible, cell)) {
      if (this.solver.isTrue(this.#happened[item]!)) this.#excludePossible(choice, item);
    }
  }

  /** Who was called after the reader had taken effect did not come between. */
  #spread(choice: Choice): void {
    const { reader, writer, cell, spreadUntil } = choice;
    const { until } = this.#witnessOf(reader);
    if (until <= spreadUntil) return;
    choice.spreadUntil = until;
    const called = writer === undefined ? -1 : this.#items[writer]!.from;
    // Who returned before that was overwritten by one of those that are left.
    const since = Math.max(called, cell.overwrittenUntil(this.#items[reader]!.from));
    for (const { item, from } of cell.certainWithin({ from: since, to: until })) {
      if (from <= spreadUntil) break;
      this.#exclude(choice, item);
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
    if (writer !== undefined && this.#settled.from[writer]! > this.#witnessOf(other).until) {
      return;
    }
    excluded.add(other);
    this.#exclude(choice, other);
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

interface Witness {
  readonly until: number;
  readonly because: readonly Literal[];
}

/** A longer chain of lost operations each of which was seen only by the next is not followed. */
const MAX_WITNESSES = 8;
