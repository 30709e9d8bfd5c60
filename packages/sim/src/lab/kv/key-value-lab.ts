/** A cluster that serves keys and values, and the clients that use it. */

import {
  type History,
  HistoryRecorder,
  type KeyValueInput,
  type KeyValueOutput,
} from '@quorate/check';
import type { NodeId } from '@quorate/core';
import { below, chance, shuffled } from '../../dice.ts';
import type { Time } from '../../time.ts';
import { LabCluster, type LabSetup } from '../lab.ts';
import { type KeyValueReply, type KeyValueRequest, KeyValueService } from './key-value-service.ts';

export interface KeyValueSetup extends LabSetup {
  /** Bytes of saved Raft state above which a server takes a snapshot; undefined: never. */
  readonly stateLimit: number | undefined;
}

/** A client whose call cannot arrive learns it within this time. */
const CUT_NOTICE_MS = 100;

export class KeyValueLab extends LabCluster {
  readonly setup: KeyValueSetup;
  readonly #services: Map<NodeId, KeyValueService>;
  readonly #recorder = new HistoryRecorder<KeyValueInput, KeyValueOutput>();
  #clients = 0;

  constructor(time: Time, seed: number, setup: KeyValueSetup) {
    const services = new Map<NodeId, KeyValueService>();
    super(time, seed, setup, (server) => {
      const service = new KeyValueService(server, time, setup.stateLimit);
      services.set(server.id, service);
      return service;
    });
    this.setup = setup;
    this.#services = services;
  }

  /** What all clients saw. */
  get history(): History<KeyValueInput, KeyValueOutput> {
    return this.#recorder.history();
  }

  /** A client that can reach these servers. */
  client(reachable: readonly NodeId[] = this.ids): Client {
    this.#clients++;
    return new Client(this, this.#recorder, this.#clients, reachable);
  }

  restartAll(): void {
    for (const id of this.ids) this.restart(id);
    this.connect(...this.ids);
  }

  largestSnapshot(): number {
    const sizes = this.ids.map((id) => this.cluster.disk(id).latest.snapshotData.byteLength);
    return Math.max(...sizes);
  }

  /** The servers in two groups, drawn at random. */
  twoGroups(): [NodeId[], NodeId[]] {
    const groups: [NodeId[], NodeId[]] = [[], []];
    for (const id of this.ids) groups[below(this.random, 2)]!.push(id);
    return groups;
  }

  /** A majority without the leader, and the rest with it. */
  async aroundLeader(): Promise<{ majority: NodeId[]; minority: NodeId[] }> {
    const leader = await this.oneLeader();
    const others = shuffled(
      this.random,
      this.ids.filter((id) => id !== leader),
    );
    const majority = others.slice(0, this.majority);
    return { majority, minority: [leader, ...others.slice(this.majority)] };
  }

  /** One call of a client; undefined when it failed, whether or not it arrived. */
  call(id: NodeId, request: KeyValueRequest): Promise<KeyValueReply | undefined> {
    const { time, random } = this;
    const { isUnreliable } = this.setup;
    return time.block<KeyValueReply | undefined>((wake) => {
      const fail = () => time.after(below(random, CUT_NOTICE_MS), () => wake(undefined));
      const isLost = () => isUnreliable && chance(random, 0.1);
      time.after(isUnreliable ? below(random, 27) : 0.1, () => {
        const server = this.cluster.find(id);
        if (server === undefined || isLost()) {
          fail();
          return;
        }
        this.#services.get(id)!.handle(request, (reply) => {
          if (!server.isRunning || isLost()) fail();
          else wake(reply);
        });
      });
    });
  }
}

/** Pause after a round in which no server would answer. */
const ROUND_PAUSE_MS = 25;

/** Tries servers until one has committed the operation. One operation at a time. */
export class Client {
  readonly id: number;
  readonly #lab: KeyValueLab;
  readonly #recorder: HistoryRecorder<KeyValueInput, KeyValueOutput>;
  #reachable: readonly NodeId[];
  #serial = 0;
  /** Position of the server that answered last. */
  #favourite = 0;

  constructor(
    lab: KeyValueLab,
    recorder: HistoryRecorder<KeyValueInput, KeyValueOutput>,
    id: number,
    reachable: readonly NodeId[],
  ) {
    this.#lab = lab;
    this.#recorder = recorder;
    this.id = id;
    this.#reachable = reachable;
  }

  /** From now on the client can reach these servers. */
  reach(servers: readonly NodeId[]): void {
    this.#reachable = servers;
    this.#favourite = 0;
  }

  async get(key: string): Promise<string> {
    return (await this.#run({ kind: 'get', key })) ?? '';
  }

  async put(key: string, value: string): Promise<void> {
    await this.#run({ kind: 'put', key, value });
  }

  async append(key: string, value: string): Promise<void> {
    await this.#run({ kind: 'append', key, value });
  }

  async #run(operation: KeyValueInput): Promise<KeyValueOutput> {
    const { time } = this.#lab;
    const handle = this.#recorder.called(this.id, operation, time.now());
    this.#serial++;
    const output = await this.#untilDone({ client: this.id, serial: this.#serial, operation });
    this.#recorder.returned(handle, output, time.now());
    return output;
  }

  async #untilDone(request: KeyValueRequest): Promise<KeyValueOutput> {
    for (let failures = 0; ; ) {
      const id = this.#reachable[this.#favourite]!;
      const reply = await this.#lab.call(id, request);
      if (reply?.kind === 'done') return reply.output;
      this.#favourite = (this.#favourite + 1) % this.#reachable.length;
      failures++;
      if (failures % this.#reachable.length === 0) await this.#lab.sleep(ROUND_PAUSE_MS);
    }
  }
}
