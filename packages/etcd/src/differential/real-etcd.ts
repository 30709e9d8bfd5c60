/** Debian's etcd, as the oracle: one member in a temporary directory on free ports. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface RunningServer {
  /** `127.0.0.1:2379` */
  readonly endpoint: string;
  stop(): Promise<void>;
}

export const isInstalled = (program: string): boolean =>
  (process.env.PATH ?? '').split(':').some((directory) => existsSync(join(directory, program)));

export async function startRealEtcd(): Promise<RunningServer> {
  const directory = await mkdtemp(join(tmpdir(), 'real-etcd-'));
  const [clientPort, peerPort] = [await freePort(), await freePort()];
  const client = `http://127.0.0.1:${clientPort}`;
  const peer = `http://127.0.0.1:${peerPort}`;
  const child = spawn(
    'etcd',
    [
      ['--name', 'n1', '--data-dir', directory],
      ['--listen-client-urls', client, '--advertise-client-urls', client],
      ['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer],
      ['--initial-cluster', `n1=${peer}`, '--log-level', 'error', '--logger', 'zap'],
    ].flat(),
    { stdio: 'ignore' },
  );
  // Not even a crash of the comparing process leaves a server behind.
  const abandon = () => child.kill('SIGKILL');
  process.once('exit', abandon);
  const stop = async () => {
    process.off('exit', abandon);
    await end(child);
    await rm(directory, { recursive: true, force: true });
  };
  await accepting(clientPort, child).catch(async (error) => {
    await stop();
    throw error;
  });
  return { endpoint: `127.0.0.1:${clientPort}`, stop };
}

/** A port that nobody listens on at this moment. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  return address.port;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

/** etcd starts to listen when it is ready to answer. */
async function accepting(port: number, child: ChildProcess): Promise<void> {
  const giveUpAt = Date.now() + 30_000;
  while (!(await accepts(port))) {
    if (child.exitCode !== null) throw new Error(`etcd ended with status ${child.exitCode}`);
    if (Date.now() > giveUpAt) throw new Error(`etcd does not listen on port ${port}`);
  }
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    await new Promise((resolve) => setTimeout(resolve, 20));
    return false;
  } finally {
    socket.destroy();
  }
}
