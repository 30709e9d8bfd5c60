/**
 * What goes wrong just when it hurts most: soon after a server has decided something, with what that
 * began still under way.
 */

import type { NodeId, TraceEvent } from '@quorate/core';
import { between, chance, pick } from '../dice.ts';
import type { Action } from '../scenario/action.ts';
import { FAULTS, type Table, timeoutOf } from './draw-faults.ts';
import { OPERATIONS } from './draw-operations.ts';
import { canDoWithout, leaderOf, rottenIn } from './view.ts';

export interface Aftermath {
  readonly of: TraceEvent['kind'];
  readonly probability: number;
  /** At most so many election timeouts later. */
  readonly within: number;
  readonly draw: (table: Table, event: TraceEvent) => readonly Action[];
}

/** In election timeouts: what was begun is still under way then. */
export const SOON = 0.2;
const AT_ONCE = 0.01;

/** The sender of a snapshot, lost noticed or not. */
const LOST_SENDER = ['crashLeader', 'freezeLeader', 'freezeLeader', 'isolateLeader'];

/** What an operator asks of somebody who has only just been elected. */
const FIRST_WISHES = ['changeOne', 'changeAny', 'join', 'transfer'];

/** Kinds that a run has or has not. */
export const AFTERMATHS: Readonly<Record<string, Aftermath>> = {
  loseSender: after('snapshotNeeded', 0.7, (table) =>
    FAULTS[pick(table.random, LOST_SENDER)]!(table),
  ),
  /** While a snapshot is coming in, or has just been written. */
  bounceReceiver: after('snapshotNeeded', 0.3, (table, { follower }) => bounce(table, follower)),
  bounceRestored: after('snapshotInstalled', 0.3, (table, { node }) => bounce(table, node)),
  /** The leader before has often just crashed, or is cut off and knows nothing of this. */
  changeUnderNewLeader: after('becameLeader', 0.3, (table) =>
    OPERATIONS[pick(table.random, FIRST_WISHES)]!(table),
  ),
  loseNewLeader: after('becameLeader', 0.1, (table) =>
    FAULTS[pick(table.random, LOST_SENDER)]!(table),
  ),
  /** It is to be a voter, or has just become one, and does not hear of it. */
  cutOffNewcomer: after('configurationAppended', 0.4, (table, { configuration }) => {
    const { voters, outgoing, learners, next } = configuration;
    const before = outgoing.length > 0 ? outgoing : voters;
    const newcomers = [...learners, ...voters, ...(next?.voters ?? [])].filter(
      (id) => !before.includes(id),
    );
    return newcomers.length === 0 ? [] : cutOff(table, pick(table.random, newcomers));
  }),
  /** It is back, and what it lacks has rotted at the leader, who is about to send it. */
  rotBeforeLaggard: after(
    'becameFollower',
    0.3,
    (table, { node, reason }) => (reason === 'started' ? rotWhatIsLacking(table, node) : []),
    AT_ONCE,
  ),
  /** Again and again: what it wrote on the way up is not durable yet. */
  crashOnTheWayUp: after('becameFollower', 0.02, (table, { node }) => bounce(table, node)),
  /** About when a lease would end, and its promises. */
  skipWhileReading: after('readConfirmed', 0.02, ({ cluster, random, plan }) => {
    const leader = leaderOf(cluster);
    const milliseconds = timeoutOf(plan) * between(random, 0, 1.5);
    return leader === undefined ? [] : [{ kind: 'skip', server: leader.id, milliseconds }];
  }),
};

/** Down and up again at once, or down for longer. */
function bounce({ cluster, random }: Table, server: NodeId): readonly Action[] {
  if (cluster.find(server) === undefined) return [];
  const crash: Action = { kind: 'crash', server };
  return chance(random, 0.7) ? [crash, { kind: 'restart', server }] : [crash];
}

function rotWhatIsLacking({ cluster, random }: Table, laggard: NodeId): readonly Action[] {
  const server = leaderOf(cluster)?.id;
  if (server === undefined || !canDoWithout(cluster, [...rottenIn(cluster), server])) return [];
  const { lastIndex } = cluster.disk(laggard).latest;
  const { base, batches } = cluster.disk(server).durable;
  const lacking = batches.findIndex((batch) => batch.firstIndex > lastIndex);
  if (lacking < 0 || lastIndex < base.index) return [];
  const record = (lacking + 0.5) / (batches.length + 1);
  return [{ kind: 'rot', server, record, bit: random() }];
}

const cutOff = ({ cluster }: Table, server: NodeId): readonly Action[] =>
  cluster.ids
    .filter((other) => other !== server)
    .flatMap((other) => [
      { kind: 'cut', link: { from: server, to: other } },
      { kind: 'cut', link: { from: other, to: server } },
    ]);

function after<Kind extends TraceEvent['kind']>(
  of: Kind,
  probability: number,
  draw: (table: Table, event: Extract<TraceEvent, { readonly kind: Kind }>) => readonly Action[],
  within = SOON,
): Aftermath {
  return { of, probability, within, draw: draw as Aftermath['draw'] };
}
