/** What clients and operators ask next, of whom: actions, as in draw-faults.ts. */

import type { Membership, NodeId, Random } from '@quorate/core';
import type { Cluster } from '../cluster.ts';
import { below, chance, pick, shuffled } from '../dice.ts';
import type { Action } from '../scenario/action.ts';
import type { Server } from '../server.ts';
import type { Table } from './draw-faults.ts';
import { downIn, leaderOf, rottenIn } from './view.ts';

/** Keys are few, so that clients meet on them. */
export const KEYS = ['a', 'b', 'c', 'd', 'e'];

/** Few, too: each is used again for the next session. */
export const SESSION_NAMES = ['s', 't', 'u'];

/** Clients stop writing while more entries than this are open, so that no backlog outlasts the faults. */
const MAX_OPEN_ENTRIES = 100;

const MAX_VOTERS = 9;
/** Servers that are added to those of the beginning. */
const MAX_NEWCOMERS = 5;

/** A client's question. `number` is new, so that every command occurs once. */
export function drawQuestion({ cluster, random }: Table, number: number): readonly Action[] {
  const { running } = cluster;
  if (running.length === 0) return [];
  const { id: server } = whoIsAsked(cluster, random);
  const key = pick(random, KEYS);
  const dice = random();
  if (dice < 0.35) return [{ kind: 'read', server, key }];
  if (dice < 0.4) return [{ kind: 'peek', server, key }];
  if (hasBacklog(cluster.get(server))) return [];
  const commands = drawCommands(random, `${number}`);
  return [{ kind: dice < 0.6 ? 'forward' : 'propose', server, commands }];
}

/** One to three; `label` tells them from all others. */
export const drawCommands = (random: Random, label: string): string[] =>
  Array.from({ length: 1 + below(random, 3) }, (_, at) => {
    const verb = chance(random, 0.2) ? 'append' : 'put';
    return `${verb}:${pick(random, KEYS)}:${label}.${at}`;
  });

/**
 * Mostly who leads: others refuse, and a run in which little happens shows little. Who leads no more,
 * and does not know it, is asked too: that is where stale answers come from.
 */
export function whoIsAsked(cluster: Cluster, random: Random): Server {
  const dice = random();
  if (dice < 0.45) return leaderOf(cluster) ?? pick(random, cluster.running);
  const leading = cluster.running.filter((server) => server.status().role === 'leader');
  return pick(random, dice < 0.7 && leading.length > 0 ? leading : cluster.running);
}

export function hasBacklog(server: Server): boolean {
  const { lastIndex, commitIndex } = server.status();
  return lastIndex - commitIndex > MAX_OPEN_ENTRIES;
}

const transfer = ({ cluster, random }: Table): Action[] =>
  asked(cluster, random).map((server) => ({
    kind: 'transfer',
    server,
    to: pick(random, cluster.ids),
  }));

/** One voter more or one less. */
const changeOne = (
  { cluster, random }: Table,
  kind: 'membership' | 'grow' = 'membership',
): Action[] =>
  asked(cluster, random).map((server) => {
    const { voters, learners } = membershipOf(cluster.get(server));
    const id = pick(random, cluster.ids);
    const target = {
      voters: voters.includes(id)
        ? voters.filter((other) => other !== id)
        : [...voters, id].slice(-MAX_VOTERS),
      // By accident it may remain a learner too, which is refused.
      learners: chance(random, 0.8) ? learners.filter((other) => other !== id) : learners,
    };
    return { kind, server, target };
  });

/** Whatever a session can ask for that is nothing new. */
const drawReminders = ({ cluster, random }: Table): Action[] =>
  asked(cluster, random).flatMap((server) => remindersOf(server, pick(random, SESSION_NAMES)));

export const remindersOf = (server: NodeId, name: string): Action[] => [
  { kind: 'again', server, name },
  { kind: 'renew', server, name },
  { kind: 'close', server, name },
];

/** What an operator does; in kinds that a run has or has not. */
export const OPERATIONS: Readonly<Record<string, (table: Table) => readonly Action[]>> = {
  transfer,
  snapshot: ({ cluster, random }) =>
    cluster.running.length === 0
      ? []
      : [{ kind: 'snapshot', server: pick(random, cluster.running).id }],
  join: ({ cluster, random, plan }) => {
    const id = (Math.max(...cluster.ids) + 1) as NodeId;
    if (cluster.ids.length >= plan.size + MAX_NEWCOMERS) return [];
    return asked(cluster, random).flatMap((server) => {
      const { voters, learners } = membershipOf(cluster.get(server));
      const joinsVoters = voters.length < MAX_VOTERS && chance(random, 0.5);
      const target = joinsVoters
        ? { voters: [...voters, id], learners }
        : { voters, learners: [...learners, id] };
      return [
        { kind: 'add', server: id },
        { kind: chance(random, 0.5) ? 'grow' : 'membership', server, target },
      ];
    });
  },
  changeOne: (table) => changeOne(table),
  abdicate: ({ cluster, random }) =>
    asked(cluster, random).map((server) => ({ kind: 'abdicate', server })),
  /** Any voters and learners, which joint consensus takes in one step. */
  changeAny: ({ cluster, random }) =>
    asked(cluster, random).map((server) => {
      const ids = shuffled(random, usable(cluster));
      const count = 1 + below(random, Math.min(ids.length, MAX_VOTERS));
      const learners = ids.slice(count, count + below(random, 3));
      const target = { voters: ids.slice(0, count), learners };
      return { kind: chance(random, 0.3) ? 'grow' : 'membership', server, target };
    }),
  /** A disk that has rotted is as good as lost: a new server takes the place of the old one. */
  replaceRotten: ({ cluster, random, plan }) => {
    const [lost] = rottenIn(cluster);
    const id = (Math.max(...cluster.ids) + 1) as NodeId;
    if (lost === undefined || cluster.ids.length >= plan.size + MAX_NEWCOMERS) return [];
    return asked(cluster, random).flatMap((server) => {
      const target = replaced(membershipOf(cluster.get(server)), lost, id);
      return [
        { kind: 'add', server: id },
        { kind: 'membership', server, target },
      ];
    });
  },
  /** Asks for one thing before the other is done. */
  hurry: (table) => {
    const { random } = table;
    const first = chance(random, 0.5) ? changeOne(table) : transfer(table);
    if (chance(random, 0.4)) return [...first, ...drawReminders(table)];
    return [...first, ...changeOne(table, pick(random, ['membership', 'grow', 'grow'] as const))];
  },
  nonsense: ({ cluster, random }) =>
    asked(cluster, random).map((server) => {
      const { voters, learners } = membershipOf(cluster.get(server));
      const target = pick(random, [
        { voters: [], learners },
        { voters, learners },
        { voters, learners: [...learners, ...voters.slice(0, 1)] },
      ]);
      return { kind: pick(random, ['membership', 'grow'] as const), server, target };
    }),
};

/** Somebody to ask: who leads, if anybody, and now and then who does not. */
function asked(cluster: Cluster, random: () => number): readonly NodeId[] {
  const leader = leaderOf(cluster);
  if (chance(random, 0.9)) return leader === undefined ? [] : [leader.id];
  return cluster.running.length === 0 ? [] : [pick(random, cluster.running).id];
}

/** What a server believes the membership to be, at the end of a change that is under way. */
function membershipOf(server: Server): Membership {
  const { voters, learners } = server.status().configuration;
  return { voters, learners };
}

/** Those that run now, most of the time, and never one that left. */
function usable(cluster: Cluster): readonly NodeId[] {
  const gone = new Set(cluster.running.flatMap((of) => of.status().configuration.removed));
  const down = downIn(cluster);
  return cluster.ids.filter((id) => !gone.has(id) && !down.includes(id));
}

function replaced({ voters, learners }: Membership, old: NodeId, by: NodeId): Membership {
  const swap = (ids: readonly NodeId[]) => ids.map((id) => (id === old ? by : id));
  return { voters: swap(voters), learners: swap(learners) };
}
