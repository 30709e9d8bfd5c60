/** Members of a cluster as processes of their own, on ports and in directories of the test. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { STATUS } from '../client/api.ts';
import { EtcdClient, type UnaryMethod } from '../client/client.ts';
import { type Ended, RunningCommand } from './command.ts';
import { freePort } from './ports.ts';

export interface MemberAddress {
  readonly name: string;
  readonly clientPort: number;
  readonly peerPort: number;
  readonly directory: string;
}

export class Member {
  readonly address: MemberAddress;
  readonly #arguments: readonly string[];
  #process: RunningCommand | undefined;
  #client: EtcdClient | undefined;

  constructor(address: MemberAddress, args: readonly string[]) {
    this.address = address;
    this.#arguments = args;
  }

  get name(): string {
    return this.address.name;
  }

  get endpoint(): string {
    return `127.0.0.1:${this.address.clientPort}`;
  }

  get process(): RunningCommand {
    if (this.#process === undefined) throw new Error(`${this.name} was never started`);
    return this.#process;
  }

  /** Resolves when clients can connect. */
  async start(): Promise<void> {
    this.#process = new RunningCommand(this.#arguments);
    await this.#process.waitFor(/is serving clients/);
  }

  /** For starts that must fail. */
  startAndEnd(): Promise<Ended> {
    this.#process = new RunningCommand(this.#arguments);
    return this.#process.ended;
  }

  async end(signal: NodeJS.Signals): Promise<Ended> {
    this.#client?.close();
    this.#client = undefined;
    return await this.process.end(signal);
  }

  /** A read through this member alone. */
  async ask<Request, Response>(
    method: UnaryMethod<Request, Response>,
    request: Request,
  ): Promise<Response> {
    this.#client ??= new EtcdClient([this.endpoint], { commandTimeoutMs: 30_000 });
    return await this.#client.read(method, request);
  }

  async release(): Promise<void> {
    this.#client?.close();
    if (this.#process?.isRunning) await this.#process.end('SIGKILL');
  }
}

export class TestCluster implements AsyncDisposable {
  readonly members: readonly Member[];
  readonly directory: string;

  private constructor(members: readonly Member[], directory: string) {
    this.members = members;
    this.directory = directory;
  }

  /** Not started yet. */
  static async prepare(size: number, extraArguments: readonly string[] = []): Promise<TestCluster> {
    const directory = mkdtempSync(join(tmpdir(), 'quorate-e2e-'));
    const addresses: MemberAddress[] = [];
    for (let number = 1; number <= size; number += 1) {
      addresses.push({
        name: `n${number}`,
        clientPort: await freePort(),
        peerPort: await freePort(),
        directory: join(directory, `n${number}`),
      });
    }
    const members = addresses.map(
      (address) => new Member(address, [...serveArguments(address, addresses), ...extraArguments]),
    );
    return new TestCluster(members, directory);
  }

  static async start(size: number, extraArguments?: readonly string[]): Promise<TestCluster> {
    const cluster = await TestCluster.prepare(size, extraArguments);
    await cluster.startAll();
    return cluster;
  }

  get endpoints(): readonly string[] {
    return this.members.map(({ endpoint }) => endpoint);
  }

  async startAll(): Promise<void> {
    await Promise.all(this.members.map((member) => member.start()));
  }

  endAll(signal: NodeJS.Signals): Promise<readonly Ended[]> {
    return Promise.all(this.members.map((member) => member.end(signal)));
  }

  /** Whoever a quorum follows: asked until there is one among the members that run. */
  async leader(): Promise<Member> {
    for (;;) {
      const running = this.members.filter(({ process }) => process.isRunning);
      const answers = await Promise.allSettled(running.map((member) => member.ask(STATUS, {})));
      const leading = answers
        .flatMap((answer, position) =>
          answer.status === 'fulfilled' && answer.value.leader === answer.value.header?.memberId
            ? [{ member: running[position]!, term: answer.value.raftTerm }]
            : [],
        )
        .sort((a, b) => Number(b.term - a.term))[0];
      if (leading !== undefined) return leading.member;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.members.map((member) => member.release()));
    rmSync(this.directory, { recursive: true, force: true });
  }
}

export function serveArguments(self: MemberAddress, all: readonly MemberAddress[]): string[] {
  const client = `http://127.0.0.1:${self.clientPort}`;
  const peerOf = ({ peerPort }: MemberAddress) => `http://127.0.0.1:${peerPort}`;
  return [
    'serve',
    `--name=${self.name}`,
    `--data-dir=${self.directory}`,
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peerOf(self)}`,
    `--initial-advertise-peer-urls=${peerOf(self)}`,
    `--initial-cluster=${all.map((member) => `${member.name}=${peerOf(member)}`).join(',')}`,
  ];
}
