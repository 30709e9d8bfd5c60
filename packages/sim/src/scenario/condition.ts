/** What a scenario may expect. A condition says what is the case instead, when it does not hold. */

import { count, oneOf, server, servers, terms, vote, word } from './fields.ts';
import type { Fields, Phrase, PhraseTable, SentenceField, ValuesOf } from './phrase.ts';
import type { ScenarioRun } from './run.ts';
import { isSelected, isTraced, messages, printMessage, termsOf, trace } from './selector.ts';

interface ConditionRow<Of extends Fields> extends Phrase<Of> {
  /** Undefined if it holds. */
  readonly contradiction: (run: ScenarioRun, values: ValuesOf<Of>) => string | undefined;
}

const CONDITIONS = {
  role: condition(
    '$server is $role',
    { server, role: oneOf('follower', 'preCandidate', 'candidate', 'leader', 'down') },
    (run, { server: id, role }) => differs(run.cluster.find(id)?.status().role ?? 'down', role),
  ),
  figure: condition(
    '$server has $figure $count',
    {
      server,
      figure: oneOf(
        ...(['term', 'commitIndex', 'appliedIndex', 'lastIndex', 'durableIndex'] as const),
        ...(['firstIndex', 'snapshotIndex'] as const),
      ),
      count,
    },
    (run, { server: id, figure, count: expected }) =>
      differs(run.cluster.get(id).status()[figure], expected),
  ),
  /** The terms of its entries, those that are not durable yet and no snapshot has replaced. */
  log: condition('$server has log $terms', { server, terms }, (run, { server: id, terms: log }) =>
    differs(terms.print(termsOf(run.cluster.disk(id).latest.batches)), terms.print(log)),
  ),
  vote: condition('$server voted for $vote', { server, vote }, (run, values) =>
    differs(run.cluster.get(values.server).status().votedFor ?? 'nobody', values.vote),
  ),
  leader: condition('$server follows $vote', { server, vote }, (run, values) =>
    differs(run.cluster.get(values.server).status().leaderId ?? 'nobody', values.vote),
  ),
  members: condition(
    '$server has $group $servers',
    { server, group: oneOf('voters', 'outgoing', 'learners', 'removed'), servers },
    (run, { server: id, group, servers: ids }) =>
      differs(run.cluster.get(id).status().configuration[group].join(' '), ids.join(' ')),
  ),
  /** What its state machine has under a key, or "nothing". */
  value: condition(
    '$server keeps $key as $value',
    { server, key: word, value: word },
    (run, { server: id, key, value }) => differs(run.valueAt(id, key) || 'nothing', value),
  ),
  someLeader: condition('some leader', {}, ({ cluster }) =>
    cluster.running.some((one) => one.status().role === 'leader') ? undefined : 'nobody leads',
  ),
  inFlight: condition('in flight $messages', { messages }, ({ cluster }, { messages: wanted }) => {
    const { held } = cluster.network;
    if (held.some(({ message }) => isSelected(message, wanted))) return undefined;
    if (held.length === 0) return 'nothing is in flight';
    return `in flight is ${held.map(({ message }) => printMessage(message)).join(', ')}`;
  }),
  /** At any time since the scenario began. */
  sent: condition('sent $messages', { messages }, ({ witness }, { messages: wanted }) =>
    witness.sentMessages.some((message) => isSelected(message, wanted))
      ? undefined
      : 'no such message was sent',
  ),
  sentAtMost: condition(
    'sent at most $count $messages',
    { count, messages },
    ({ witness }, { count: most, messages: wanted }) => {
      const sent = witness.sentMessages.filter((message) => isSelected(message, wanted)).length;
      return sent <= most ? undefined : `${sent} were sent`;
    },
  ),
  /** At any time since the scenario began. */
  traced: condition('traced $trace', { trace }, ({ witness }, { trace: wanted }) =>
    witness.traceEvents.some((event) => isTraced(event, wanted))
      ? undefined
      : 'no such event was traced',
  ),
  /** Some linearizable read of the key, at any time; "nothing" if the key held nothing. */
  read: condition('read of $key answered $value', { key: word, value: word }, (run, of) => {
    const answers = run.answersOf(of.key).map((answer) => answer || 'nothing');
    if (answers.includes(of.value)) return undefined;
    return answers.length === 0 ? 'no read of it was answered' : `it was ${answers.join(', ')}`;
  }),
  noRead: condition('read of $key unanswered', { key: word }, (run, { key }) => {
    const answers = run.answersOf(key);
    return answers.length === 0 ? undefined : `it was answered ${answers.join(', ')}`;
  }),
  /** What the server answered to the action just before. */
  refused: condition('refused $reason', { reason: word }, (run, { reason }) => {
    const refusal = run.takeRefusal();
    return refusal === undefined ? 'it was not refused' : differs(refusal, reason);
  }),
  not: condition('not $condition', { condition: anyCondition() }, (run, { condition: inner }) =>
    contradiction(run, inner) === undefined ? 'it is so' : undefined,
  ),
} as const;

/** A sentence of `CONDITIONS`; its type would contain itself. */
export interface Condition {
  readonly kind: string;
}

export const CONDITION_PHRASES: PhraseTable = CONDITIONS;

/** Undefined if the condition holds, else what is the case instead. */
export function contradiction(run: ScenarioRun, of: Condition): string | undefined {
  const row = CONDITIONS[of.kind as keyof typeof CONDITIONS] as ConditionRow<Fields>;
  return row.contradiction(run, of as never);
}

export function anyCondition(): SentenceField<Condition> {
  return { takes: 'sentence', table: () => CONDITION_PHRASES, as: (sentence) => sentence };
}

function condition<Of extends Fields>(
  pattern: string,
  fields: Of,
  run: ConditionRow<Of>['contradiction'],
): ConditionRow<Of> {
  return { pattern, fields, contradiction: run };
}

const differs = (actual: string | number, expected: string | number): string | undefined =>
  actual === expected ? undefined : `it is ${actual === '' ? 'empty' : actual}`;
