/** What clients with sessions do next: actions, as in draw-operations.ts. */

import { below, between, chance, pick } from '../dice.ts';
import type { Action } from '../scenario/action.ts';
import { type Table, timeoutOf } from './draw-faults.ts';
import { drawCommands, hasBacklog, SESSION_NAMES, whoIsAsked } from './draw-operations.ts';
import type { SessionClients } from './session-clients.ts';
import { leaderOf } from './view.ts';

/** Small ones too, so that sessions make room for each other. */
const MAX_SESSIONS = [1, 2, 100, 100, 100, 100];

/** `number` is new, so that every command occurs once. */
export function drawSessionAsk(
  table: Table,
  sessions: SessionClients,
  number: number,
): readonly Action[] {
  const { cluster, random, plan } = table;
  if (cluster.running.length === 0) return [];
  const { id: server } = whoIsAsked(cluster, random);
  const name = pick(random, SESSION_NAMES);
  const timeoutMs = Math.ceil(timeoutOf(plan) * between(random, 0.2, 5));
  const dice = random();
  if (dice < (sessions.isOpen(name) ? 0.02 : 0.5)) {
    const settings = { timeoutMs, maxSessions: pick(random, MAX_SESSIONS) };
    return [{ kind: 'open', server, name, settings }];
  }
  if (dice < 0.15) return tick(table, timeoutMs);
  if (dice < 0.55) return [{ kind: 'again', server, name }];
  if (dice < 0.58) return [{ kind: 'renew', server, name }];
  if (dice < 0.6) return [{ kind: 'close', server, name }];
  if (hasBacklog(cluster.get(server))) return [];
  const ask: Action = { kind: 'ask', server, name, commands: drawCommands(random, `${number}`) };
  const leader = leaderOf(cluster)?.id;
  if (leader === undefined || chance(random, 0.9)) return [ask];
  // What was asked for first comes last, when its client has forgone it.
  const commands = drawCommands(random, `${number}.late`);
  return [ask, { kind: 'forgo', server, name }, { kind: 'ask', server: leader, name, commands }];
}

/** Who leads says how long it has led; now and then it says too much. */
function tick({ cluster, random }: Table, timeoutMs: number): readonly Action[] {
  const server = leaderOf(cluster)?.id;
  if (server === undefined) return [];
  const milliseconds = below(random, timeoutMs * (chance(random, 0.2) ? 100 : 1));
  return [{ kind: 'tick', server, milliseconds }];
}
