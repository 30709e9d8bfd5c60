/**
 * The hand that plays a schedule: which timer fires, which message arrives, which write is done. For
 * schedules that are chosen and not drawn, such as those of the paper's figures.
 */

import type { NodeId } from '@quorate/core';
import type { Cluster } from '../cluster.ts';
import type { Parcel } from '../network.ts';
import { HELD_NETWORK } from '../network-behaviour.ts';
import type { VirtualTime } from '../virtual-time.ts';
import { isSelected, type MessageSelector, messages, printMessage } from './selector.ts';
import type { Witness } from './witness.ts';

/** Messages that one `exchange` may deliver: more means that they never stop talking. */
const MAX_EXCHANGED = 10_000;

/** Timers that may come due before a server does something, far above what any needs. */
const MAX_TIMERS = 100;

export class Hand {
  readonly #time: VirtualTime;
  readonly #cluster: Cluster;
  readonly #witness: Witness;

  constructor(time: VirtualTime, cluster: Cluster, witness: Witness) {
    this.#time = time;
    this.#cluster = cluster;
    this.#witness = witness;
  }

  /** From now on messages wait to be delivered, and writes are done at once. */
  begin(): void {
    this.#cluster.network.behaviour = HELD_NETWORK;
    for (const id of this.#cluster.ids) this.#cluster.disk(id).writeDuration = () => 0;
  }

  /** What is in flight now, oldest first. @throws if nothing of that kind is. */
  async deliver(selector: MessageSelector): Promise<void> {
    for (const parcel of this.#take(selector)) await this.#arrive(parcel);
  }

  async deliverFirst(selector: MessageSelector): Promise<void> {
    const [first, ...others] = this.#take(selector);
    this.#held.unshift(...others);
    await this.#arrive(first!);
  }

  drop(selector: MessageSelector): void {
    this.#take(selector);
  }

  dropAll(): void {
    this.#held.length = 0;
  }

  /** Each of them is in flight once more, behind all others. */
  duplicate(selector: MessageSelector): void {
    const originals = this.#take(selector);
    this.#held.unshift(...originals);
    this.#held.push(...originals);
  }

  /** These servers talk until they have nothing more to say. */
  async exchange(ids: readonly NodeId[]): Promise<void> {
    for (let count = 0; ; count++) {
      const at = this.#held.findIndex(
        ({ message: { from, to } }) => ids.includes(from) && ids.includes(to),
      );
      if (at < 0) return;
      if (count > MAX_EXCHANGED) throw new Error('they never stop talking');
      const [parcel] = this.#held.splice(at, 1);
      await this.#arrive(parcel!);
    }
  }

  /** Its clock goes ahead, and nobody else's, until it runs for leader, or sends heartbeats. */
  async timeout(id: NodeId): Promise<void> {
    const server = this.#cluster.get(id);
    const seen = () => {
      const { role, term } = server.status();
      const said = this.#witness.sentMessages.filter(({ from }) => from === id).length;
      return `${role} ${term} ${said}`;
    };
    const before = seen();
    for (let timers = 0; seen() === before; timers++) {
      if (timers > MAX_TIMERS) throw new Error(`server ${id} does nothing, whatever the time`);
      this.#cluster.setClock(id, 1, Math.max(0, server.msToDeadline));
      await this.#settle();
    }
  }

  /** `id` runs for leader and hears from these voters; what it asks of others is lost. */
  async elect(id: NodeId, voters: readonly NodeId[]): Promise<void> {
    await this.timeout(id);
    for (const of of ['requestPreVote', 'requestVote'] as const) {
      const isRequest = ({ message }: Parcel) => message.kind === of && message.from === id;
      if (!this.#held.some(isRequest)) continue;
      for (const voter of voters) {
        await this.deliver({ from: id, to: voter, of, facts: {} });
      }
      const reply = of === 'requestVote' ? 'requestVoteReply' : 'preVoteReply';
      await this.deliver({ from: '*', to: id, of: reply, facts: {} });
      const asked = this.#held.filter((parcel) => !isRequest(parcel));
      this.#held.splice(0, this.#held.length, ...asked);
    }
    const { role } = this.#cluster.get(id).status();
    if (role !== 'leader') throw new Error(`server ${id} was not elected: it is ${role}`);
  }

  /** From now on its writes wait for `finishWrite`. */
  slowDisk(id: NodeId): void {
    this.#cluster.disk(id).writeDuration = () => Infinity;
  }

  /** What its disk is at work on is durable; what was written meanwhile comes next. */
  finishWrite(id: NodeId): void {
    if (!this.#cluster.disk(id).finishNow()) throw new Error('it has nothing to write');
  }

  get #held(): Parcel[] {
    return this.#cluster.network.held;
  }

  #take(selector: MessageSelector): Parcel[] {
    const taken = this.#held.filter(({ message }) => isSelected(message, selector));
    if (taken.length === 0) {
      const all = this.#held.map(({ message }) => printMessage(message));
      const instead = all.length === 0 ? 'nothing' : all.join(', ');
      throw new Error(`there is no ${messages.print(selector)} in flight; there is ${instead}`);
    }
    const left = this.#held.filter((parcel) => !taken.includes(parcel));
    this.#held.splice(0, this.#held.length, ...left);
    return taken;
  }

  async #arrive(parcel: Parcel): Promise<void> {
    this.#cluster.network.arrive(parcel);
    await this.#settle();
  }

  #settle(): Promise<void> {
    return this.#time.pass(this.#time.now());
  }
}
