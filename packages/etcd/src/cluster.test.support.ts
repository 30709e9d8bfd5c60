/** What the tests of this package share: clusters of one process in temporary directories. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { EtcdServerConfig } from './config.ts';
import { RawClient } from './differential/raw-client.ts';
import { freePort } from './differential/real-etcd.ts';
import type { Step } from './differential/requests.ts';
import { EtcdServer } from './server.ts';

/** Short enough for tests, long enough for a busy machine. */
const FAST = { electionTimeoutMs: 300, heartbeatIntervalMs: 50 };

/** Some servers of one process. Stopped, and their data removed, when the test ends. */
export class TestCluster {
  readonly #directory: string;
  readonly #names: readonly string[];
  readonly #peerUrls: readonly string[];
  readonly #clientUrls: readonly string[];
  readonly #servers: (EtcdServer | undefined)[];
  readonly #clients: (RawClient | undefined)[] = [];

  private constructor(directory: string, peerUrls: string[], clientUrls: string[]) {
    this.#directory = directory;
    this.#names = peerUrls.map((_, at) => `n${at + 1}`);
    this.#peerUrls = peerUrls;
    this.#clientUrls = clientUrls;
    this.#servers = peerUrls.map(() => undefined);
  }

  static async start(context: TestContext, size: number): Promise<TestCluster> {
    const directory = await mkdtemp(join(tmpdir(), 'quorate-etcd-'));
    const urls = async () => {
      const ports: string[] = [];
      for (let at = 0; at < size; at++) ports.push(`http://127.0.0.1:${await freePort()}`);
      return ports;
    };
    const cluster = new TestCluster(directory, await urls(), await urls());
    context.after(() => cluster.#end());
    await Promise.all(cluster.#names.map((_, at) => cluster.open(at)));
    await Promise.all(cluster.servers.map((server) => server.waitForLeader()));
    return cluster;
  }

  get servers(): readonly EtcdServer[] {
    return this.#servers.filter((server) => server !== undefined);
  }

  configOf(at: number): EtcdServerConfig {
    return {
      name: this.#names[at]!,
      dataDir: join(this.#directory, this.#names[at]!),
      listenPeerUrls: [this.#peerUrls[at]!],
      initialAdvertisePeerUrls: [this.#peerUrls[at]!],
      listenClientUrls: [this.#clientUrls[at]!],
      advertiseClientUrls: [this.#clientUrls[at]!],
      initialCluster: this.#names.map((name, other) => `${name}=${this.#peerUrls[other]}`).join(),
      ...FAST,
    };
  }

  endpoint(at: number): string {
    return this.#clientUrls[at]!.slice('http://'.length);
  }

  async open(at: number, settings: EtcdServerConfig = {}): Promise<EtcdServer> {
    const server = await EtcdServer.open({ ...this.configOf(at), ...settings });
    this.#servers[at] = server;
    return server;
  }

  async stop(at: number): Promise<void> {
    const server = this.#servers[at];
    this.#servers[at] = undefined;
    await server?.close();
  }

  leader(): number {
    const at = this.#servers.findIndex((server) => server?.status().role === 'leader');
    if (at === -1) throw new Error('nobody leads');
    return at;
  }

  /** @throws the status of a call that failed, as `code: text`. */
  async call<Response>(at: number, step: Step<Response>): Promise<Response> {
    this.#clients[at] ??= new RawClient(this.endpoint(at));
    const { code, details, bytes } = await this.#clients[at].call(step.path, step.bytes);
    if (code !== 0) throw new Error(`${code}: ${details}`);
    return step.responseType.decode(bytes);
  }

  async #end(): Promise<void> {
    for (const client of this.#clients) client?.close();
    await Promise.all(this.servers.map((server) => server.close()));
    await rm(this.#directory, { recursive: true, force: true });
  }
}
