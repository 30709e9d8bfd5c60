/**
 * A server in a thread of its own that a test can freeze, as SIGSTOP freezes a process: while it is
 * frozen its clocks go on and nothing of it runs.
 *
 * Tests only; not exported.
 */

import { parentPort, workerData } from 'node:worker_threads';
import { listMachine } from './cluster.test.support.ts';
import { RaftNode } from './raft-node.ts';

/** Set to 1 and notified when the server shall go on. */
const thaw = new Int32Array(workerData.thaw);
const machine = listMachine();
const node = await RaftNode.open<number>({ ...workerData.options, directory: undefined, machine });
const say = (word: string) => parentPort?.postMessage(word);

node.onLeadership(({ isLeader }) => say(isLeader ? 'leads' : 'follows'));
parentPort?.on('message', (word: string) => {
  if (word === 'close') {
    void node.close({ handOver: false }).then(() => parentPort?.close());
    return;
  }
  // The question is asked, and before it gets its turn the process stops.
  void node.read().then(() => say(`read ${machine.state.join()}`));
  if (word === 'read frozen') {
    say('frozen');
    Atomics.wait(thaw, 0, 0);
  }
});
