import type { NodeId, Random } from '@quorate/core';
import type { Cluster } from '../cluster.ts';
import { below, chance, pick, shuffled } from '../dice.ts';
import { drawNetwork } from './plan.ts';

/** One thing that goes wrong, or is mended. Does nothing when there is nobody to do it to. */
type Fault = (cluster: Cluster, random: Random) => void;

export const FAULTS: Readonly<Record<string, Fault>> = {
  crash: (cluster, random) => {
    if (cluster.running.length > 0) cluster.crash(pick(random, cluster.running).id);
  },
  crashAll: (cluster) => {
    for (const { id } of cluster.running) cluster.crash(id);
  },
  restart: (cluster, random) => {
    const down = downIn(cluster);
    if (down.length > 0) cluster.start(pick(random, down));
  },
  restartAll: (cluster) => {
    for (const id of downIn(cluster)) cluster.start(id);
  },
  splitInTwo: (cluster, random) => {
    const ids = shuffled(random, cluster.ids);
    const cut = below(random, ids.length + 1);
    cluster.partition(ids.slice(0, cut), ids.slice(cut));
  },
  isolateLeader: (cluster) => {
    const leader = cluster.running.find((server) => server.status().role === 'leader');
    if (leader !== undefined) cluster.partition(cluster.ids.filter((id) => id !== leader.id));
  },
  /** Everybody talks to one server only. */
  star: (cluster, random) => {
    const hub = pick(random, cluster.ids);
    cluster.partition(...cluster.ids.map((id) => [hub, id]));
  },
  /** Some links carry messages in one direction only. */
  oneWay: (cluster, random) => {
    for (const from of cluster.ids) {
      for (const to of cluster.ids) {
        if (from !== to) cluster.network.setLink(from, to, !chance(random, 0.3));
      }
    }
  },
  heal: (cluster) => cluster.heal(),
  otherNetwork: (cluster, random) => {
    cluster.network.behaviour = drawNetwork(random);
  },
};

/** Names, as often as they are to happen. */
export const FAULT_MIX: readonly string[] = [
  ...['crash', 'crash', 'crash', 'crashAll', 'restart', 'restart', 'restart', 'restartAll'],
  ...['splitInTwo', 'splitInTwo', 'isolateLeader', 'star', 'oneWay', 'heal', 'heal', 'heal'],
  'otherNetwork',
];

const downIn = (cluster: Cluster): readonly NodeId[] =>
  cluster.ids.filter((id) => cluster.find(id) === undefined);
