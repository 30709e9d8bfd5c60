/**
 * The faults stop, and what is left of the cluster must be whole again within a stated time: elect,
 * commit a new command, have it applied by every member, and serve reads at each of them.
 */

import {
  isJoint,
  type LogIndex,
  type Membership,
  type Milliseconds,
  membersOf,
  type NodeId,
  type RaftStatus,
} from '@quorate/core';
import { type Action, QUICK_DISK, QUIET_NETWORK } from '../scenario/action.ts';
import type { Server } from '../server.ts';
import { waitUntil } from '../time.ts';
import { timeoutOf } from './draw-faults.ts';
import { restAndWake } from './rest.ts';
import { canDoWithout, leaderOf, rottenIn } from './view.ts';
import type { World } from './world.ts';

/**
 * Election timeouts within which the cluster must be whole again: one or two to notice (a restarted
 * server keeps a promise of its lease for one), a few for elections (each may split), one for the
 * operator to replace what is lost, one to bring everybody up to date by snapshot, over a network that
 * loses nothing any more but still has old messages in it.
 */
export const RECOVERY_ELECTION_TIMEOUTS = 30;

/** How often it is looked at, in election timeouts. */
const LOOK_EVERY = 0.05;

/** Stops the faults. What has rotted stays lost in some runs, if the cluster can do without it. */
export function calm(world: World): void {
  const { cluster, plan } = world;
  const rotten = rottenIn(cluster);
  const staysLost = plan.seed % 2 === 0 && canDoWithout(cluster, rotten);
  const actions: Action[] = [{ kind: 'heal' }, { kind: 'network', settings: QUIET_NETWORK }];
  for (const server of cluster.ids) {
    const isLost = staysLost && rotten.includes(server);
    if (!isLost) actions.push({ kind: 'repair', server });
    actions.push({ kind: 'disk', server, settings: QUICK_DISK });
    actions.push({ kind: 'clock', server, settings: { rate: 1 } });
    const running = cluster.find(server);
    if (running?.isFrozen) actions.push({ kind: 'thaw', server });
    if (running === undefined && !isLost) actions.push({ kind: 'restart', server });
  }
  cluster.applyDuration = () => 0;
  for (const action of actions) world.do(action);
}

/** @returns how long it took. @throws when it takes too long. */
export async function recover(world: World): Promise<Milliseconds> {
  const { time, plan, cluster } = world;
  const begun = time.now();
  const limitMs = RECOVERY_ELECTION_TIMEOUTS * timeoutOf(plan);
  const recovery = new Recovery(world);
  const isWhole = () => recovery.look();
  if (await waitUntil(time, isWhole, limitMs, LOOK_EVERY * timeoutOf(plan))) {
    recovery.expectNothingLost(begun);
    const recoveryMs = time.now() - begun;
    if (plan.options.rest === true) await restAndWake(world);
    return recoveryMs;
  }
  const states = cluster.running.map((server) => JSON.stringify(server.status()));
  throw new NotWhole(
    `not whole ${limitMs.toFixed(0)} ms after the faults: ${recovery.stage}\n  ${states.join('\n  ')}`,
  );
}

/** The cluster was left in peace and did not recover. */
export class NotWhole extends Error {
  override readonly name = 'NotWhole';
}

interface Offer {
  readonly index: LogIndex;
  readonly term: number;
  /** The members that have served a read since. */
  readonly read: Set<NodeId>;
}

class Recovery {
  readonly #world: World;
  #offer: Offer | undefined;
  #offers = 0;
  /** What it is waiting for. */
  stage = 'no leader';

  constructor(world: World) {
    this.#world = world;
  }

  /** Does what an operator would, and tells whether all is well. */
  look(): boolean {
    const leader = leaderOf(this.#world.cluster);
    if (leader === undefined) return this.#wait('no leader');
    const status = leader.status();
    const members = membersOf(status.configuration);
    const offer = this.#offerTo(leader, status);
    if (offer === undefined) return this.#wait('nothing was accepted');
    if (isJoint(status.configuration)) return this.#wait('a change of membership');
    const lost = members.filter((id) => this.#world.cluster.find(id) === undefined);
    if (lost.length > 0) {
      this.#replace(leader.id, status, lost);
      return this.#wait(`servers ${lost} are to leave`);
    }
    const applied = members.map((id) => this.#world.cluster.get(id).appliedIndex);
    if (applied.some((index) => index < offer.index)) return this.#wait(`entry ${offer.index}`);
    this.#stopOthers(members);
    return this.#readAt(members, offer) && this.#answerSessions(leader.id);
  }

  /** What was answered before the faults ended stands before what was offered after. */
  expectNothingLost(before: Milliseconds): void {
    this.#world.clients.history.expectKept(before, this.#offer!.index);
  }

  #wait(stage: string): boolean {
    this.stage = stage;
    return false;
  }

  #replace(server: NodeId, { configuration }: RaftStatus, lost: readonly NodeId[]): void {
    const without = (ids: readonly NodeId[]) => ids.filter((id) => !lost.includes(id));
    const { voters, learners } = configuration;
    const target: Membership = { voters: without(voters), learners: without(learners) };
    this.#world.do({ kind: 'membership', server, target });
  }

  /** Another command for each new term: the one before may be lost with its leader. */
  #offerTo(leader: Server, { term }: RaftStatus): Offer | undefined {
    if (this.#offer?.term === term) return this.#offer;
    const { lastIndex } = leader;
    this.#offers += 1;
    const commands = [`put:calm:${this.#offers}`];
    this.#world.do({ kind: 'propose', server: leader.id, commands });
    if (leader.lastIndex === lastIndex) return undefined;
    this.#offer = { index: leader.lastIndex, term, read: new Set() };
    return this.#offer;
  }

  /** Each member serves a read, asked for again whenever it could not be answered. */
  #readAt(members: readonly NodeId[], { read }: Offer): boolean {
    const { cluster, clients } = this.#world;
    const unread = members.filter((id) => !read.has(id));
    for (const id of unread) clients.read(cluster.get(id), 'calm', () => read.add(id));
    return unread.length === 0 || this.#wait(`reads at ${unread}`);
  }

  /** Who has a session asks again until it is answered. */
  #answerSessions(server: NodeId): boolean {
    const { waiting } = this.#world.clients.sessions;
    for (const name of waiting) this.#world.do({ kind: 'again', server, name });
    return waiting.length === 0 || this.#wait(`answers to sessions ${waiting}`);
  }

  /**
   * Without check-quorum nothing keeps a server that left, and does not know it, from running for
   * leader for ever (dissertation §4.2.3). Operators stop such servers.
   */
  #stopOthers(members: readonly NodeId[]): void {
    const { cluster, plan } = this.#world;
    if (plan.options.checkQuorum === true) return;
    for (const { id } of cluster.running) {
      if (!members.includes(id)) this.#world.do({ kind: 'crash', server: id });
    }
  }
}
