/**
 * Assertions that cite the rule they defend.
 *
 * A failed invariant means *this program* is wrong. It is never raised by a client's request, a
 * peer's message or a damaged disk: those are ordinary events with ordinary answers. The node
 * stops, because a stopped server is a failure Raft tolerates and a wrong one is not.
 *
 * `rule` is a constant and the evidence is passed as numbers, never as a template string: the
 * check then costs about 4 ns when it holds, against 29 ns for building a message nobody reads.
 */
export function invariant(
  condition: boolean,
  rule: Rule,
  actual: number = Number.NaN,
  expected: number = Number.NaN,
): asserts condition {
  if (!condition) throw new InvariantViolation(rule, actual, expected);
}

export type Rule = keyof typeof RULES;

/** The catalogue: every rule that is asserted, with its section. */
export const RULES = {
  termGateRan: 'a role handler only sees messages of its own term (§5.1)',
  termNeverRegresses: 'currentTerm only grows (§5.1)',
  oneVotePerTerm: 'a server votes for at most one candidate in a term (§5.2)',
  leaderHoldsQuorum: 'a server leads only with the votes of a quorum (§5.2)',
  logHasNoHoles: 'entries follow one another by index, and terms never fall (§5.3)',
  quorumWithinLog: 'a leader never counts an index beyond its own log (§5.3)',
  commitOwnTerm: 'a leader commits by counting replicas only for its own term (§5.4.2, Figure 8)',
  commitNeverRegresses: 'commitIndex only grows (Figure 2)',
  committedIsImmutable: 'no entry at or below commitIndex is ever truncated (§5.4.3)',
  committedIsStored: 'commitIndex never passes the end of the log (Figure 2)',
  appliedInOrder: 'entries are applied once, in log order (Figure 2)',
  writesInOrder: 'writes become durable in the order in which they were issued',
  timeIsMonotonic: 'the caller’s clock never goes back',
} as const;

export class InvariantViolation extends Error {
  override readonly name = 'InvariantViolation';
  readonly rule: Rule;

  constructor(rule: Rule, actual: number, expected: number) {
    super(`${rule}: ${RULES[rule]} [actual ${actual}, expected ${expected}]`);
    this.rule = rule;
  }
}
