/** Everything that a scenario can say, besides its remarks: a row each, like the actions. */

import { ACTION_PHRASES, type Action, anyAction } from './action.ts';
import { anyCondition, contradiction } from './condition.ts';
import { count, number, server, servers } from './fields.ts';
import type { Fields, Phrase, PhraseTable, SentenceOf, ValuesOf } from './phrase.ts';
import type { ScenarioRun } from './run.ts';
import { messages } from './selector.ts';

interface StatementRow<Of extends Fields> extends Phrase<Of> {
  readonly perform: (run: ScenarioRun, values: ValuesOf<Of>) => void | Promise<void>;
}

const condition = anyCondition();
const action = anyAction();

const STATEMENTS = {
  /** Time. */
  pass: statement('pass $ms', { ms: number }, (run, { ms }) => run.pass(ms)),
  at: statement('at $ms', { ms: number }, (run, { ms }) => run.passUntil(ms)),

  /** At the same instant, before anything follows from the step before. */
  and: statement('and $action', { action }, (run, { action: next }) => run.act(next)),

  /** Expectations. */
  expect: statement('expect $condition', { condition }, (run, { condition: expected }) =>
    run.expect(contradiction(run, expected)),
  ),
  /** It comes true before so many milliseconds have passed; time stops there. */
  within: statement('within $ms $condition', { ms: number, condition }, async (run, values) => {
    const instead = () => contradiction(run, values.condition);
    if (instead() !== undefined) await run.pass(values.ms, () => instead() === undefined);
    run.expect(instead());
  }),
  /** So many milliseconds pass, and it is true all the time. */
  throughout: statement(
    'throughout $ms $condition',
    { ms: number, condition },
    async (run, values) => {
      const instead = () => contradiction(run, values.condition);
      if (instead() === undefined) await run.pass(values.ms, () => instead() !== undefined);
      run.expect(instead());
    },
  ),

  /** A schedule that is chosen by hand. */
  byHand: statement('by hand', {}, ({ hand }) => hand.begin()),
  deliver: statement('deliver $messages', { messages }, ({ hand }, of) =>
    hand.deliver(of.messages),
  ),
  deliverFirst: statement('deliver first $messages', { messages }, ({ hand }, of) =>
    hand.deliverFirst(of.messages),
  ),
  exchange: statement('exchange $servers', { servers }, ({ hand, cluster }, of) =>
    hand.exchange(of.servers.length === 0 ? cluster.ids : of.servers),
  ),
  drop: statement('drop $messages', { messages }, ({ hand }, of) => hand.drop(of.messages)),
  dropAll: statement('drop all', {}, ({ hand }) => hand.dropAll()),
  duplicate: statement('duplicate $messages', { messages }, ({ hand }, of) =>
    hand.duplicate(of.messages),
  ),
  timeout: statement('timeout $server', { server }, ({ hand }, of) => hand.timeout(of.server)),
  elect: statement('elect $server by $servers', { server, servers }, ({ hand }, of) =>
    hand.elect(of.server, of.servers),
  ),
  slowDisk: statement('slow disk $server', { server }, ({ hand }, of) => hand.slowDisk(of.server)),
  finishWrite: statement('finish write $server', { server }, ({ hand }, of) =>
    hand.finishWrite(of.server),
  ),
  /** Of its writes in flight so many are done, the oldest ones. */
  crashAfter: statement('crash $server after $count writes', { server, count }, (run, of) =>
    run.cluster.crash(of.server, of.count),
  ),

  /** From now on an action that is refused, or has nobody to be done to, fails nothing. */
  neverMind: statement('never mind refusals', {}, (run) => run.neverMindRefusals()),

  /** The end of a random run. */
  calm: statement('stop all faults', {}, (run) => run.calm()),
  /** Elects, commits, applies everywhere and serves reads, within a stated time. */
  recover: statement('recover', {}, (run) => run.recover()),
} as const;

type Choice = SentenceOf<typeof STATEMENTS>;

export type Statement = Action | Choice;

export const STATEMENT_PHRASES: PhraseTable = { ...STATEMENTS, ...ACTION_PHRASES };

/** @throws {Error} saying why it failed. */
export async function performStatement(run: ScenarioRun, of: Statement): Promise<void> {
  if (of.kind in ACTION_PHRASES) return run.act(of as Action);
  const row = STATEMENTS[of.kind as Choice['kind']] as StatementRow<Fields>;
  await row.perform(run, of as never);
}

function statement<Of extends Fields>(
  pattern: string,
  fields: Of,
  run: StatementRow<Of>['perform'],
): StatementRow<Of> {
  return { pattern, fields, perform: run };
}
