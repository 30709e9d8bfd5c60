/** The processes of a `quorate dev` cluster, what they say of themselves, and what befalls them. */

import { STATUS } from '../client/api.ts';
import { EtcdClient } from '../client/client.ts';
import { shownStatus } from '../client/member-status.ts';
import { type DevNode, serveArguments } from './layout.ts';
import { NodeProcess } from './node-process.ts';
import type { NodeView } from './view.ts';

/** Two nodes and a busy machine answer well within this; a frozen one never does. */
const ANSWER_TIMEOUT_MS = 500;
const STOP_PATIENCE_MS = 10_000;

interface Watched {
  readonly process: NodeProcess;
  readonly client: EtcdClient;
  status: NodeView['status'];
  /** Since it was started. */
  hasAnswered: boolean;
  returning: { readonly at: number; readonly timer: NodeJS.Timeout } | undefined;
}

export interface DevClusterOptions {
  /** How long a killed node stays down. 0: until someone starts it. */
  readonly restartAfterMs: number;
  readonly tell: (line: string) => void;
}

export class DevCluster {
  readonly #watched: readonly Watched[];
  readonly #options: DevClusterOptions;
  #isStopping = false;
  #leader: string | undefined;
  #lostLeader: { readonly name: string; readonly at: number } | undefined;

  constructor(nodes: readonly DevNode[], options: DevClusterOptions) {
    this.#options = options;
    this.#watched = nodes.map((node) => ({
      process: new NodeProcess(node, serveArguments(node, nodes), () => this.#onExit(node)),
      client: new EtcdClient([`127.0.0.1:${node.clientPort}`], {
        dialTimeoutMs: ANSWER_TIMEOUT_MS,
        commandTimeoutMs: ANSWER_TIMEOUT_MS,
      }),
      status: undefined,
      hasAnswered: false,
      returning: undefined,
    }));
  }

  start(): void {
    for (const { process } of this.#watched) process.start();
  }

  /** True when every node ended by a failure of its own: there is nothing left to watch. */
  get hasFailed(): boolean {
    return this.#watched.every(({ process }) => process.state.kind === 'failed');
  }

  views(): readonly NodeView[] {
    return this.#watched.map(({ process, status, hasAnswered, returning }) => ({
      node: process.node,
      process: process.state,
      status,
      hasAnswered,
      returnsInMs: returning === undefined ? undefined : returning.at - performance.now(),
    }));
  }

  /** Asks every running node how it is. */
  async refresh(): Promise<void> {
    await Promise.all(
      this.#watched.map(async (watched) => {
        const isUp = watched.process.state.kind === 'running';
        const status = isUp
          ? await watched.client.read(STATUS, {}).then(shownStatus, () => undefined)
          : undefined;
        // The node may have ended while we waited.
        watched.status = watched.process.state.kind === 'running' ? status : undefined;
        if (watched.status !== undefined) watched.hasAnswered = true;
      }),
    );
    this.#noteLeader();
  }

  /** Kills the node at this position with SIGKILL, or starts it when it is down. */
  toggle(position: number): void {
    const watched = this.#watched[position];
    if (watched === undefined || this.#isStopping) return;
    if (watched.process.state.kind === 'running') watched.process.kill();
    else this.#restart(watched);
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    for (const { returning } of this.#watched) clearTimeout(returning?.timer);
    await Promise.all(this.#watched.map(({ process }) => process.stop(STOP_PATIENCE_MS)));
    for (const { client } of this.#watched) client.close();
  }

  /** Does not wait for anyone. What was acknowledged is on the disks already. */
  killAll(): void {
    for (const { process } of this.#watched) process.kill();
  }

  #onExit(node: DevNode): void {
    const watched = this.#watched.find(({ process }) => process.node === node)!;
    watched.status = undefined;
    if (this.#isStopping) return;
    const { state } = watched.process;
    const now = performance.now();
    if (this.#leader === node.name) {
      this.#lostLeader = { name: node.name, at: now };
      this.#leader = undefined;
    }
    if (state.kind === 'failed') {
      this.#options.tell(`${node.name} ended: ${state.reason}`);
      return;
    }
    const how = state.kind === 'killed' ? `was killed by ${state.signal}` : 'stopped';
    this.#options.tell(`${node.name} ${how}`);
    const delay = this.#options.restartAfterMs;
    if (delay === 0) return;
    watched.returning = {
      at: now + delay,
      timer: setTimeout(() => this.#restart(watched), delay),
    };
  }

  #restart(watched: Watched): void {
    clearTimeout(watched.returning?.timer);
    watched.returning = undefined;
    watched.hasAnswered = false;
    watched.process.start();
    this.#options.tell(`${watched.process.node.name} starts again`);
  }

  #noteLeader(): void {
    const leading = this.#watched
      .filter(({ status }) => status?.state === 'leader')
      // A deposed leader that has not heard of it yet has the lower term.
      .sort((a, b) => Number(b.status!.term - a.status!.term))[0];
    const name = leading?.process.node.name;
    if (leading === undefined || name === this.#leader) return;
    this.#leader = name;
    this.#options.tell(`${name} leads term ${leading.status!.term}${this.#sinceLoss()}`);
    this.#lostLeader = undefined;
  }

  #sinceLoss(): string {
    if (this.#lostLeader === undefined) return '';
    const { name, at } = this.#lostLeader;
    return `, ${((performance.now() - at) / 1000).toFixed(1)} s after ${name} was lost`;
  }
}
