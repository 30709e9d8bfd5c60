/** What etcd-io/raft's text says of a trace, beside what our restatement of it says. */

import { type Acceptance, acceptTrace } from '../accept.ts';
import { type Following, followTrace, type Refusal } from './follow.ts';
import type { Specification } from './specification.ts';

export interface Verdicts {
  readonly text: Following;
  readonly restatement: Acceptance;
  /**
   * Stricter: the restatement stops at an earlier line, or where the text does not stop. Laxer, the
   * other way round, would be an error in it.
   */
  readonly restatementIs: 'the same' | 'stricter' | 'laxer';
}

/** They do not hold of Raft; see invariants.ts. */
const DISPUTED = ['MoreUpToDateCorrectInv', 'LeaderCompletenessInv'];

export function verdictsOn(specification: Specification, lines: readonly string[]): Verdicts {
  const text = followTrace(specification, lines);
  const restatement = acceptTrace(lines);
  const [end, ours] = [lineOf(text), lineOf(restatement)];
  if (end !== ours) return { text, restatement, restatementIs: ours < end ? 'stricter' : 'laxer' };
  const agree = isDisputed(text) === (restatement.kind === 'disputed');
  const isStricter = restatement.kind === 'rejected';
  return {
    text,
    restatement,
    restatementIs: agree ? 'the same' : isStricter ? 'stricter' : 'laxer',
  };
}

const lineOf = (verdict: Following | Acceptance) =>
  verdict.kind === 'accepted' ? Infinity : verdict.line;

const isDisputed = (verdict: Following) =>
  verdict.kind === 'refused' &&
  verdict.because.kind === 'invariant' &&
  DISPUTED.includes(verdict.because.name);

export function describeRefusal(because: Refusal): string {
  switch (because.kind) {
    case 'no action fits':
      return 'no action of the specification fits';
    case 'invariant':
      return `${because.name} does not hold${DISPUTED.includes(because.name) ? ', wrongly' : ''}`;
    case 'property':
      return `this is no step of ${because.name}`;
    case 'error':
      return `the specification cannot be evaluated: ${because.message}`;
  }
}
