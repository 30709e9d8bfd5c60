/**
 * What goes wrong next. Each kind of fault looks at the cluster, rolls the dice of drawing and answers
 * actions, which are values: done again they do the same, whatever the dice.
 */

import { DEFAULT_RAFT_OPTIONS, type NodeId, type Random } from '@quorate/core';
import type { Cluster } from '../cluster.ts';
import { below, between, chance, pick, shuffled } from '../dice.ts';
import { type Action, ECHOED } from '../scenario/action.ts';
import type { Link } from '../scenario/fields.ts';
import { KEYS } from './draw-operations.ts';
import { type ChaosPlan, type ClockPlan, drawDisk, drawNetwork, drawOtherOptions } from './plan.ts';
import { canDoWithout, downIn, leaderOf, rottenIn } from './view.ts';

export interface Table {
  readonly clocks: ClockPlan;
  readonly cluster: Cluster;
  readonly random: Random;
  readonly plan: ChaosPlan;
}

type Draw = (table: Table) => readonly Action[];

/** What goes wrong, in kinds that a run has or has not. */
export const FAULTS: Readonly<Record<string, Draw>> = {
  crash: ({ cluster, random }) => someRunning(cluster, random).map((id) => crash(id)),
  crashLeader: ({ cluster }) => leaderIn(cluster).map((id) => crash(id)),
  crashAll: ({ cluster }) => cluster.running.map(({ id }) => crash(id)),
  crashMajority: ({ cluster, random }) => {
    const ids = majorityOf(shuffled(random, cluster.ids));
    const running = ids.filter((id) => cluster.find(id) !== undefined);
    const isShort = chance(random, 0.5);
    return [
      ...running.map((id) => crash(id)),
      ...(isShort ? running.map((id) => restart(id)) : []),
    ];
  },
  /** All are down, and no more come back than it takes. */
  bareQuorum: ({ cluster, random }) => [
    ...cluster.running.map(({ id }) => crash(id)),
    ...majorityOf(shuffled(random, votersIn(cluster))).map((id) => restart(id)),
  ],
  /** Down and up again at once: what was promised before must still hold. */
  bounce: ({ cluster, random }) =>
    someRunning(cluster, random).flatMap((id) => [crash(id), restart(id)]),
  /** All but the leader, who is parted from them. */
  bounceFollowers: ({ cluster }) =>
    leaderIn(cluster).flatMap((leader) => [
      { kind: 'partition', groups: [others(cluster, leader)] },
      ...cluster.running
        .filter(({ id }) => id !== leader)
        .flatMap(({ id }) => [crash(id), restart(id)]),
    ]),
  splitInGroups: ({ cluster, random }) => [
    { kind: 'partition', groups: groupsOf(shuffled(random, cluster.ids), 2 + below(random, 2)) },
  ],
  isolateLeader: ({ cluster }) =>
    leaderIn(cluster).map((leader) => ({
      kind: 'partition',
      groups: [others(cluster, leader)],
    })),
  /** Everybody talks to one server only. */
  star: ({ cluster, random }) => {
    const hub = pick(random, cluster.ids);
    return [{ kind: 'partition', groups: others(cluster, hub).map((id) => [hub, id]) }];
  },
  /** Each talks to its neighbours only. */
  chain: ({ cluster, random }) => {
    const ids = shuffled(random, cluster.ids);
    return [{ kind: 'partition', groups: ids.slice(1).map((id, at) => [ids[at]!, id]) }];
  },
  /** Some pairs do not hear each other. */
  cutPairs: (table) => cutSome(table, 0.3, true),
  /** Some links carry messages in one direction only. */
  oneWay: (table) => cutSome(table, 0.2, false),
  /** The leader is heard and does not hear, or the other way round. */
  halfDeafLeader: ({ cluster, random }) => {
    const isDeaf = chance(random, 0.5);
    return leaderIn(cluster).flatMap((leader) =>
      others(cluster, leader).map((id) => ({
        kind: 'cut',
        link: isDeaf ? { from: id, to: leader } : { from: leader, to: id },
      })),
    );
  },
  /** Some links keep what is sent in one direction until they are mended. */
  clogSome: ({ cluster, random }) =>
    linksOf(cluster)
      .filter(() => chance(random, 0.2))
      .map((link) => ({ kind: 'clog', link })),
  /** The leader is cut off when it has asked whether it leads; the answers come when others have gone on. */
  lateAnswers: ({ cluster, random }) =>
    leaderIn(cluster).flatMap((leader) => [
      ...others(cluster, leader).flatMap((id): Action[] => [
        { kind: 'clog', link: { from: id, to: leader } },
        { kind: 'cut', link: { from: leader, to: id } },
        { kind: 'leak', link: { from: leader, to: id } },
      ]),
      { kind: 'read', server: leader, key: pick(random, KEYS) },
    ]),
  /** The leader's time passes slowly, the others' fast, and they part: what a lease fears most. */
  slowLeaderCutOff: ({ cluster, clocks }) =>
    leaderIn(cluster).flatMap((leader) => [
      ...cluster.ids.map((server): Action => {
        const { slowest, fastest } = RATES[clocks];
        return { kind: 'clock', server, settings: { rate: server === leader ? slowest : fastest } };
      }),
      { kind: 'partition', groups: [others(cluster, leader)] },
    ]),
  /** Links that stay cut let a message through, one of two servers or both. */
  leak: ({ cluster, random }) => {
    const cut = linksOf(cluster).filter(({ from, to }) => !cluster.network.isConnected(from, to));
    if (cut.length === 0) return [];
    const { from, to } = pick(random, cut);
    const links = chance(random, 0.5)
      ? [{ from, to }]
      : [
          { from, to },
          { from: to, to: from },
        ];
    return links.map((link) => ({ kind: 'leak', link }));
  },
  otherNetwork: ({ random, plan }) => [{ kind: 'network', settings: drawNetwork(random, plan) }],
  freeze: ({ cluster, random }) =>
    someRunning(cluster, random).map((id) => ({ kind: 'freeze', server: id })),
  freezeLeader: ({ cluster }) => leaderIn(cluster).map((id) => ({ kind: 'freeze', server: id })),
  freezeMajority: ({ cluster, random }) =>
    majorityOf(shuffled(random, cluster.ids))
      .filter((id) => cluster.find(id) !== undefined)
      .map((server) => ({ kind: 'freeze', server })),
  clock: (table) => [drawClock(table, pick(table.random, table.cluster.ids))],
  otherDisk: ({ cluster, random, plan }) => [
    { kind: 'disk', server: pick(random, cluster.ids), settings: drawDisk(random, plan) },
  ],
  stallDisk: ({ cluster, random, plan }) => [
    {
      kind: 'stall',
      server: pick(random, cluster.ids),
      milliseconds: timeoutOf(plan) * between(random, 0.5, 4),
    },
  ],
  failDisk: ({ cluster, random }) =>
    someRunning(cluster, random).map((id) => ({
      kind: 'fail',
      server: id,
      what: pick(random, ['write', 'sync']),
    })),
  /** Never so many that those left could not go on, whichever configuration is in force. */
  rot: ({ cluster, random }) => {
    const server = pick(random, cluster.ids);
    const [record, bit] = [random(), random()];
    if (!canDoWithout(cluster, [...rottenIn(cluster), server])) return [];
    return [{ kind: 'rot', server, record, bit }];
  },
};

/** What mends faults. Every run has all of them. */
export const REMEDIES: Readonly<Record<string, Draw>> = {
  restart: ({ cluster, random }) => someDown(cluster, random).map((id) => restart(id)),
  restartAll: ({ cluster }) => downIn(cluster).map((id) => restart(id)),
  restartOtherwise: ({ cluster, random }) =>
    someDown(cluster, random).flatMap((server) => [
      { kind: 'options', server, settings: drawOtherOptions(random, cluster.ids) },
      restart(server),
    ]),
  repairAndRestart: ({ cluster, random }) => {
    const rotten = rottenIn(cluster).filter((id) => cluster.find(id) === undefined);
    if (rotten.length === 0) return [];
    const server = pick(random, rotten);
    return [{ kind: 'repair', server }, restart(server)];
  },
  heal: () => [{ kind: 'heal' }],
  mendSome: ({ cluster, random }) =>
    linksOf(cluster)
      .filter(({ from, to }) => isStopped(cluster, from, to) && chance(random, 0.5))
      .map((link) => ({ kind: 'mend', link })),
  thaw: ({ cluster }) =>
    cluster.running
      .filter(({ isFrozen }) => isFrozen)
      .map(({ id }) => ({ kind: 'thaw', server: id })),
};

/** Copies of what is said next come when much else has happened, crashes and elections too. */
export const drawEchoes = ({ cluster, random, plan }: Table): readonly Action[] =>
  Array.from({ length: 4 }, () => ({
    kind: 'echo',
    server: pick(random, cluster.ids),
    message: pick(random, ECHOED),
    milliseconds: timeoutOf(plan) * between(random, 0, pick(random, [2, 10, 50])),
  }));

export function drawClock({ random, plan, clocks }: Table, server: NodeId): Action {
  const { slowest, fastest } = RATES[clocks];
  const rate = between(random, slowest, fastest);
  if (clocks === 'withinTheBound') return { kind: 'clock', server, settings: { rate } };
  const jumpMs = chance(random, 0.5) ? timeoutOf(plan) * between(random, 0, 5) : 0;
  return { kind: 'clock', server, settings: { rate, jumpMs } };
}

/** The bound: no two clocks disagree about an interval by more than `maxClockDrift` of it. */
const RATES: Readonly<Record<ClockPlan, { readonly slowest: number; readonly fastest: number }>> = {
  withinTheBound: { slowest: 1 - DEFAULT_RAFT_OPTIONS.maxClockDrift, fastest: 1 },
  anyhow: { slowest: 0.5, fastest: 2 },
};

export const timeoutOf = ({ options }: ChaosPlan): number =>
  options.electionTimeoutMs ?? DEFAULT_RAFT_OPTIONS.electionTimeoutMs;

const linksOf = ({ ids }: Cluster): readonly Link[] =>
  ids.flatMap((from) => ids.filter((to) => to !== from).map((to) => ({ from, to })));

const isStopped = ({ network }: Cluster, from: NodeId, to: NodeId): boolean =>
  !network.isConnected(from, to) || network.isClogged(from, to);

function cutSome({ cluster, random }: Table, probability: number, isBothWays: boolean): Action[] {
  const cut: Action[] = [{ kind: 'heal' }];
  for (const { from, to } of linksOf(cluster)) {
    if ((isBothWays && from > to) || !chance(random, probability)) continue;
    cut.push({ kind: 'cut', link: { from, to } });
    if (isBothWays) cut.push({ kind: 'cut', link: { from: to, to: from } });
  }
  return cut;
}

const majorityOf = (ids: readonly NodeId[]): readonly NodeId[] =>
  ids.slice(0, Math.floor(ids.length / 2) + 1);

/** Who votes now, as far as the leader knows. */
const votersIn = (cluster: Cluster): readonly NodeId[] =>
  leaderOf(cluster)?.status().configuration.voters ?? cluster.ids;

function groupsOf(ids: readonly NodeId[], count: number): NodeId[][] {
  const groups: NodeId[][] = Array.from({ length: count }, () => []);
  for (const [position, id] of ids.entries()) groups[position % count]!.push(id);
  return groups;
}

const others = (cluster: Cluster, of: NodeId): readonly NodeId[] =>
  cluster.ids.filter((id) => id !== of);

function leaderIn(cluster: Cluster): readonly NodeId[] {
  const leader = leaderOf(cluster);
  return leader === undefined ? [] : [leader.id];
}

function someRunning(cluster: Cluster, random: Random): readonly NodeId[] {
  return cluster.running.length === 0 ? [] : [pick(random, cluster.running).id];
}

function someDown(cluster: Cluster, random: Random): readonly NodeId[] {
  const down = downIn(cluster);
  return down.length === 0 ? [] : [pick(random, down)];
}

const crash = (server: NodeId): Action => ({ kind: 'crash', server });
const restart = (server: NodeId): Action => ({ kind: 'restart', server });
