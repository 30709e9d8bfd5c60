/**
 * Groups at rest among random faults, with a driver that watches hosts as rest.ts asks of it: beats
 * between hosts travel the same bad links as messages, and who has not been heard for an election
 * timeout cannot be reached.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Input } from './inputs.ts';
import type { Message } from './messages.ts';
import type { Raft } from './raft.ts';
import { seededRandom } from './random.ts';
import { payloadOf, Server } from './testing.test.support.ts';

const IDS = [1, 2, 3];
const TIMEOUT = 1_000;
const BEAT = 100;

interface Event {
  readonly at: number;
  readonly happen: () => void;
}

class World {
  readonly servers = new Map<number, Server>();
  readonly random: () => number;
  now = 0;
  /** Events in the order of their times, equal ones in that of their making. */
  #events: Event[] = [];
  /** Links `from>to` that lose everything, and servers that do nothing until they thaw. */
  readonly cut = new Set<string>();
  readonly frozen = new Set<number>();
  /** When each heard each other; Infinity while it is taken to be gone. */
  readonly #heard = new Map<string, number>();
  readonly #held: (() => void)[] = [];
  readonly #leaders = new Map<number, number>();
  readonly #committed: number[] = [];
  readonly #reads = new Map<number, number>();
  readonly answered = new Set<number>();
  rests = 0;
  #lastRead = 0;

  constructor(seed: number, leaseReads: boolean) {
    this.random = seededRandom(seed);
    const options = { rest: true, noopOnElection: true, leaseReads };
    for (const id of IDS) this.servers.set(id, new Server(id, IDS, [], undefined, options));
    for (const id of IDS) this.#beat(id, this.random() * BEAT);
  }

  /** Runs until `end`, with time running for whoever is not frozen. */
  run(end: number): void {
    for (;;) {
      const event = this.#events[0];
      const due = [...this.servers].filter(([id]) => !this.frozen.has(id));
      const deadline = Math.min(...due.map(([, { raft }]) => raft.nextDeadline));
      const next = Math.max(Math.min(event?.at ?? Infinity, deadline), this.now);
      if (next > end) break;
      this.now = next;
      if (event !== undefined && event.at <= next) {
        this.#events.shift();
        event.happen();
      } else {
        for (const [id, { raft }] of due) {
          if (raft.nextDeadline <= next) this.step(id, { kind: 'timePassed' });
        }
      }
    }
    this.now = end;
  }

  step(id: number, input: Input): void {
    this.act(id, (raft) => raft.step(input, this.now));
  }

  act(id: number, what: (raft: Raft) => unknown): void {
    const server = this.servers.get(id)!;
    server.now = this.now;
    what(server.raft);
    server.collect();
    server.finishWrites();
    for (const message of server.takeSent()) this.#send(message);
    this.#check(id, server);
  }

  /** Answers the read's own id. */
  read(id: number): number {
    this.#lastRead += 1;
    this.#reads.set(this.#lastRead, this.#committed.length);
    this.step(id, { kind: 'readRequested', id: this.#lastRead });
    return this.#lastRead;
  }

  thaw(): void {
    this.frozen.clear();
    for (const happen of this.#held.splice(0)) this.#after(this.random(), happen);
  }

  #after(ms: number, happen: () => void): void {
    const at = this.now + ms;
    const place = this.#events.findLastIndex((event) => event.at <= at) + 1;
    this.#events.splice(place, 0, { at, happen });
  }

  /** Whatever reaches a frozen server waits there. */
  #arrive(from: number, to: number, happen: () => void): void {
    if (this.cut.has(`${from}>${to}`)) return;
    this.#after(this.random() * 20, () => {
      if (this.frozen.has(to)) this.#held.push(happen);
      else happen();
    });
  }

  #send(message: Message): void {
    const { from, to } = message;
    this.#arrive(from, to, () => {
      this.#hear(to, from);
      this.step(to, { kind: 'received', message });
    });
  }

  #beat(id: number, ms: number): void {
    this.#after(ms, () => {
      this.#beat(id, BEAT);
      if (this.frozen.has(id)) return;
      for (const other of IDS) {
        if (other === id) continue;
        this.#arrive(id, other, () => this.#hear(other, id));
        const heard = this.#heard.get(`${id}<${other}`) ?? 0;
        if (this.now - heard < TIMEOUT) continue;
        this.#heard.set(`${id}<${other}`, Infinity);
        this.step(id, { kind: 'peerUnreachable', peer: other as never });
      }
    });
  }

  #hear(id: number, other: number): void {
    const wasGone = this.#heard.get(`${id}<${other}`) === Infinity;
    this.#heard.set(`${id}<${other}`, this.now);
    if (wasGone) this.step(id, { kind: 'peerReachable', peer: other as never });
  }

  #check(id: number, server: Server): void {
    for (const event of server.trace.splice(0)) {
      if (event.kind === 'rested') this.rests += 1;
      if (event.kind !== 'becameLeader') continue;
      assert.equal(this.#leaders.get(event.term) ?? id, id, `two leaders of term ${event.term}`);
      this.#leaders.set(event.term, id);
    }
    for (const batch of server.committed.splice(0)) {
      for (
        let index = batch.firstIndex as number;
        index < batch.firstIndex + batch.count;
        index++
      ) {
        this.#committed[index - 1] ??= batch.term;
        assert.equal(this.#committed[index - 1], batch.term, `entry ${index} differs`);
      }
    }
    for (const read of server.reads.splice(0)) {
      if (read.kind === 'dropped') continue;
      assert.ok(read.readIndex >= this.#reads.get(read.id)!, `read ${read.id} is stale`);
      this.answered.add(read.id);
    }
  }
}

/** One fault, and the mending of an older one; or a moment of peace, in which groups rest. */
function disturb(world: World): void {
  const { random, cut, frozen } = world;
  const pick = () => 1 + Math.floor(random() * IDS.length);
  const dice = random();
  const [a, b] = [pick(), pick()];
  if (dice < 0.25 && a !== b) cut.add(`${a}>${b}`);
  else if (dice < 0.4) for (const id of IDS) cut.add(`${a}>${id}`).add(`${id}>${a}`);
  else if (dice < 0.7) cut.clear();
  else if (dice < 0.8) frozen.add(a);
  else if (dice < 0.9) world.thaw();
  for (const id of IDS) {
    if (frozen.has(id)) continue;
    if (random() < 0.2) world.act(id, (raft) => raft.propose(payloadOf(1), world.now));
    if (random() < 0.3) world.read(id);
  }
}

for (const leaseReads of [false, true]) {
  test(`at rest among faults nothing is lost or stale, and in the end all is well (leases: ${leaseReads})`, () => {
    let rests = 0;
    for (let seed = 1; seed <= 40; seed++) {
      const world = new World(seed, leaseReads);
      for (let round = 0; round < 40; round++) {
        world.run(world.now + world.random() * 3_000);
        disturb(world);
      }
      world.cut.clear();
      world.thaw();
      // Hosts are heard again within a beat; then an election may be needed, and may be split.
      world.run(world.now + 5 * TIMEOUT);
      const reads = IDS.map((id) => world.read(id));
      const leader = [...world.servers.values()].find(({ raft }) => raft.isLeader)!;
      world.act(leader.raft.status().id, (raft) => raft.propose(payloadOf(1), world.now));
      const { lastIndex } = leader.raft;
      world.run(world.now + 1_000);
      for (const read of reads) assert.ok(world.answered.has(read), `seed ${seed}: read ${read}`);
      for (const { raft } of world.servers.values()) {
        assert.equal(raft.commitIndex, lastIndex, `seed ${seed}`);
        assert.equal(raft.nextDeadline, Infinity, `seed ${seed}: no rest`);
      }
      rests += world.rests;
    }
    assert.ok(rests > 1_000, `${rests} rests in 40 runs`);
  });
}
