/**
 * Watches the hosts of all peers on behalf of all groups: what a heartbeat of each group would tell,
 * one beat for each pair of hosts tells as well. Groups at rest rely on it (core/src/rest.ts).
 *
 * A host is gone when its connection broke, or when nothing of it has come for an election timeout, also
 * when it was never there; and it is back with the next connection or the next word. A new connection in place of an old one
 * may be that of a process that has restarted, and so is a loss first.
 */

import type { Milliseconds, NodeId } from '@quorate/core';
import type { LogLine } from '../api.ts';
import type { Transport } from '../peers/transport.ts';

export interface WatchOptions {
  readonly peers: readonly NodeId[];
  readonly transport: Pick<Transport, 'say' | 'flush'>;
  readonly intervalMs: Milliseconds;
  readonly timeoutMs: Milliseconds;
  readonly now: () => Milliseconds;
  readonly log: LogLine;
  readonly onGone: (peer: NodeId) => void;
  readonly onBack: (peer: NodeId) => void;
}

interface Watched {
  /** Unknown: nothing has come of it since we began to watch. */
  state: 'unknown' | 'there' | 'gone';
  /** Something of it has come since the last beat. */
  hasSpoken: boolean;
  silentMs: Milliseconds;
  /** What came before that has been read, and silence until then counted. */
  countedTo: Milliseconds;
}

export class HostWatch {
  readonly #options: WatchOptions;
  readonly #watched = new Map<NodeId, Watched>();
  #timer: NodeJS.Timeout | undefined;
  #count = 0;

  constructor(options: WatchOptions) {
    this.#options = options;
    const countedTo = options.now();
    for (const peer of options.peers) {
      this.#watched.set(peer, { state: 'unknown', hasSpoken: false, silentMs: 0, countedTo });
    }
  }

  start(): void {
    const { intervalMs, now } = this.#options;
    // Behind a round of reading: after a pause of this process the beats may have arrived meanwhile.
    this.#timer = setInterval(() => setImmediate(this.#beat, now()), intervalMs);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Anything has come from this host. */
  heard(peer: NodeId): void {
    const watched = this.#watched.get(peer);
    if (watched === undefined) return;
    watched.hasSpoken = true;
    if (watched.state !== 'there') this.#back(peer, watched);
  }

  isGone(peer: NodeId): boolean {
    return this.#watched.get(peer)?.state === 'gone';
  }

  connected(peer: NodeId): void {
    this.lost(peer);
    this.heard(peer);
  }

  lost(peer: NodeId): void {
    const watched = this.#watched.get(peer);
    if (watched?.state === 'there') this.#gone(peer, watched, 'its connection broke');
  }

  /** @param readTo What came by then has been read. What has come since may wait to be. */
  readonly #beat = (readTo: Milliseconds): void => {
    if (this.#timer === undefined) return;
    const { transport, timeoutMs } = this.#options;
    this.#count += 1;
    for (const [peer, watched] of this.#watched) {
      transport.say(peer, { kind: 'hostBeat', count: this.#count });
      this.#countSilence(watched, readTo);
      if (watched.state !== 'gone' && watched.silentMs >= timeoutMs)
        this.#gone(peer, watched, 'it is silent');
    }
    transport.flush();
  };

  #countSilence(watched: Watched, readTo: Milliseconds): void {
    const { intervalMs, now } = this.#options;
    if (watched.hasSpoken) {
      watched.hasSpoken = false;
      watched.silentMs = 0;
      // Perhaps it spoke as late as this.
      watched.countedTo = now();
      return;
    }
    // What stopped this process for longer may have stopped the others as well.
    const passed = Math.min(readTo - watched.countedTo, 2 * intervalMs);
    if (passed <= 0) return;
    watched.silentMs += passed;
    watched.countedTo = readTo;
  }

  #gone(peer: NodeId, watched: Watched, reason: string): void {
    watched.state = 'gone';
    this.#options.log('warn', 'host is gone', { peer, reason });
    this.#options.onGone(peer);
  }

  #back(peer: NodeId, watched: Watched): void {
    watched.state = 'there';
    watched.silentMs = 0;
    this.#options.log('info', 'host is there', { peer });
    this.#options.onBack(peer);
  }
}
