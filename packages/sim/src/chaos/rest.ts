/**
 * What groups at rest owe (rest.ts of the core): left alone a group falls silent; a proposal wakes it;
 * and when the leader dies in its sleep another is elected once its host is missed.
 */

import { type LogIndex, membersOf, type NodeId } from '@quorate/core';
import type { Action } from '../scenario/action.ts';
import type { Server } from '../server.ts';
import { waitUntil } from '../time.ts';
import { timeoutOf } from './draw-faults.ts';
import { leaderOf } from './view.ts';
import type { World } from './world.ts';

/**
 * Election timeouts that each of these may take: an idle interval and an exchange to fall silent; one
 * timeout until a host is missed, and a few for elections that split.
 */
const LIMIT = 10;
const LOOK_EVERY = 0.05;

/** Nothing is wrong any more, and all members run. @throws {NotAtRest} */
export async function restAndWake(world: World): Promise<void> {
  const { cluster } = world;
  const { configuration } = leaderOf(cluster)!.status();
  const members = membersOf(configuration);
  // Who is alone has nobody to be silent to.
  if (members.length === 1) return;
  // Whoever left, and does not know it, would wake the others again and again.
  for (const { id: server } of cluster.running) {
    if (!members.includes(server)) world.do({ kind: 'crash', server });
  }
  // Servers that prefer different leaders hand the lead to each other for ever.
  for (const server of members) {
    if (cluster.optionsOf(server).priorities === undefined) continue;
    world.do({ kind: 'repair', server });
    world.do({ kind: 'options', server, settings: { priorities: {} } });
    world.do({ kind: 'crash', server });
    world.do({ kind: 'restart', server });
  }
  // Without a no-op a new leader commits nothing, and does not rest, until somebody asks for something.
  await untilApplied(world, members);
  await untilAtRest(world, members);
  await untilApplied(world, members);
  await untilAtRest(world, members);
  const old = leaderOf(cluster)!.id;
  if (configuration.voters.length < 3) return;
  const others = members.filter((id) => id !== old);
  world.do(loss(world.plan.seed, old, others));
  await untilApplied(world, others);
  await untilAtRest(world, others);
}

/** Only a crash breaks connections; else there is but silence. */
function loss(seed: number, server: NodeId, others: readonly NodeId[]): Action {
  if (seed % 3 === 0) return { kind: 'crash', server };
  return seed % 3 === 1 ? { kind: 'freeze', server } : { kind: 'partition', groups: [others] };
}

interface Offer {
  readonly term: number;
  readonly index: LogIndex;
}

const untilAtRest = (world: World, members: readonly NodeId[]): Promise<void> =>
  until(world, 'all are at rest', () => members.every((id) => world.cluster.get(id).isAtRest));

/** A new command, by whoever leads, and by the next one if the lead is lost. */
function untilApplied(world: World, members: readonly NodeId[]): Promise<void> {
  const { cluster } = world;
  let offer: Offer | undefined;
  return until(world, 'a new command is applied by all', () => {
    const leader = leaderOf(cluster);
    if (leader === undefined) return false;
    if (offer?.term !== leader.status().term) offer = offerTo(world, leader);
    const index = offer?.index;
    return index !== undefined && members.every((id) => cluster.get(id).appliedIndex >= index);
  });
}

function offerTo(world: World, leader: Server): Offer | undefined {
  const { lastIndex } = leader;
  world.do({ kind: 'propose', server: leader.id, commands: [`put:rest:${world.time.now()}`] });
  if (leader.lastIndex === lastIndex) return undefined;
  return { term: leader.status().term, index: leader.lastIndex };
}

async function until(world: World, what: string, condition: () => boolean): Promise<void> {
  const { time, plan, cluster } = world;
  const timeoutMs = timeoutOf(plan);
  if (await waitUntil(time, condition, LIMIT * timeoutMs, LOOK_EVERY * timeoutMs)) return;
  const states = cluster.running.map((server) => JSON.stringify(server.status()));
  throw new NotAtRest(`in ${LIMIT * timeoutMs} ms not: ${what}\n  ${states.join('\n  ')}`);
}

/** A group that was left in peace does not rest, or does not wake. */
export class NotAtRest extends Error {
  override readonly name = 'NotAtRest';
}
