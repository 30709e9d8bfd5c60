/**
 * Processes that watch each other, as groups at rest need it (rest.ts of the core): one beat in an
 * interval between each two stands for the heartbeats of all groups. A model of `HostWatch` of
 * `@quorate/node`: a process is gone when its connection broke, when nothing of it has come for an
 * election timeout, also when it was never there, and when another has taken its place.
 *
 * Beats are lost and held up like messages. Only servers with the option `rest` send any.
 */

import { DEFAULT_RAFT_OPTIONS, type Milliseconds, type NodeId } from '@quorate/core';
import type { LocalClock } from './local-clock.ts';
import type { Network } from './network.ts';
import type { Server } from './server.ts';
import type { Time, Timer } from './time.ts';

export interface HostsConfig {
  readonly time: Time;
  readonly network: Network;
  /** Every server that there is. */
  readonly ids: () => readonly NodeId[];
  /** A server has woken because another fell silent. */
  readonly onWoken: (server: NodeId) => void;
}

export class Hosts {
  readonly #config: HostsConfig;
  readonly #watches = new Map<NodeId, HostWatch>();
  readonly #starts = new Map<NodeId, number>();

  constructor(config: HostsConfig) {
    this.#config = config;
  }

  started(server: Server, clock: LocalClock): void {
    if (server.options.rest !== true) return;
    const { id } = server;
    const start = (this.#starts.get(id) ?? 0) + 1;
    this.#starts.set(id, start);
    const say = (to: NodeId) =>
      this.#config.network.carry(id, to, () => {
        this.#watches.get(to)?.heard(id, start);
      });
    const watch = new HostWatch(server, clock, this.#config, say);
    this.#watches.set(id, watch);
    watch.begin();
  }

  /** The operating system closes its connections. Who is cut off from it does not hear of that. */
  ended({ id }: Server): void {
    const watch = this.#watches.get(id);
    if (watch === undefined) return;
    watch.stop();
    this.#watches.delete(id);
    const start = this.#starts.get(id)!;
    for (const [other, { lost }] of this.#watches) {
      this.#config.network.carry(id, other, () => lost(id, start));
    }
  }

  /** A message has come, which is as good as a beat. */
  heard(to: NodeId, from: NodeId): void {
    this.#watches.get(to)?.heard(from, undefined);
  }
}

interface Watched {
  /** The process, by the number of its start. */
  start: number;
  /** Unknown: nothing has come of it since this watch began. */
  state: 'unknown' | 'there' | 'gone';
  /** Something of it has come since the last beat. */
  hasSpoken: boolean;
  silentMs: Milliseconds;
}

class HostWatch {
  readonly #server: Server;
  readonly #clock: LocalClock;
  readonly #config: HostsConfig;
  readonly #say: (to: NodeId) => void;
  readonly #others = new Map<NodeId, Watched>();
  readonly #intervalMs: Milliseconds;
  readonly #timeoutMs: Milliseconds;
  #lastBeatAt: Milliseconds;
  #timer: Timer | undefined;

  constructor(server: Server, clock: LocalClock, config: HostsConfig, say: (to: NodeId) => void) {
    const { heartbeatIntervalMs, electionTimeoutMs } = {
      ...DEFAULT_RAFT_OPTIONS,
      ...server.options,
    };
    this.#server = server;
    this.#clock = clock;
    this.#config = config;
    this.#say = say;
    this.#intervalMs = heartbeatIntervalMs;
    this.#timeoutMs = electionTimeoutMs;
    this.#lastBeatAt = clock.now();
  }

  begin(): void {
    this.#beat();
  }

  stop(): void {
    this.#timer?.cancel();
  }

  /** @param start Undefined: it does not say of which process it is. */
  heard(from: NodeId, start: number | undefined): void {
    this.#server.whenAwake(() => {
      const other = this.#other(from);
      if (start !== undefined && start < other.start) return;
      if (start !== undefined && start > other.start) {
        // It may have restarted before anybody missed it.
        if (other.state === 'there') this.#gone(from, other);
        other.start = start;
      }
      other.hasSpoken = true;
      if (other.state !== 'there') this.#back(from, other);
    });
  }

  readonly lost = (peer: NodeId, start: number): void => {
    this.#server.whenAwake(() => {
      const other = this.#other(peer);
      if (other.state === 'there' && start >= other.start) this.#gone(peer, other);
    });
  };

  #other(peer: NodeId): Watched {
    const known = this.#others.get(peer);
    if (known !== undefined) return known;
    const other: Watched = { start: 0, state: 'unknown', hasSpoken: false, silentMs: 0 };
    this.#others.set(peer, other);
    return other;
  }

  readonly #beat = (): void => {
    const now = this.#clock.now();
    // While this process stood still it listened to nobody: that is not the others' silence.
    const passed = Math.min(now - this.#lastBeatAt, 2 * this.#intervalMs);
    this.#lastBeatAt = now;
    for (const peer of this.#config.ids()) {
      if (peer === this.#server.id) continue;
      this.#say(peer);
      const other = this.#other(peer);
      other.silentMs = other.hasSpoken ? 0 : other.silentMs + passed;
      other.hasSpoken = false;
      if (other.state !== 'gone' && other.silentMs >= this.#timeoutMs) this.#gone(peer, other);
    }
    const delayMs = this.#clock.trueDelayUntil(now + this.#intervalMs);
    this.#timer = this.#config.time.after(delayMs, () => this.#server.whenAwake(this.#beat));
  };

  #gone(peer: NodeId, other: Watched): void {
    other.state = 'gone';
    const wasAtRest = this.#server.isAtRest;
    this.#server.hear({ kind: 'peerUnreachable', peer });
    if (wasAtRest && !this.#server.isAtRest) this.#config.onWoken(this.#server.id);
  }

  #back(peer: NodeId, other: Watched): void {
    other.state = 'there';
    other.silentMs = 0;
    this.#server.hear({ kind: 'peerReachable', peer });
  }
}
