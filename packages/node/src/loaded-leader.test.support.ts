/**
 * A leader in a process of its own, under load: proposes what its parent asks for, backs off when it
 * is refused, and tells at the end what it holds and the most it ever held.
 */

import type { RaftNodeOptions } from './api.ts';
import { RaftError } from './errors.ts';
import { RaftNode } from './raft-node.ts';
import type { StateMachine } from './state-machine.ts';

interface Order {
  readonly options: Omit<RaftNodeOptions<number>, 'machine'>;
  readonly commandBytes: number;
  readonly commands: number;
}

const { options, commandBytes, commands } = JSON.parse(process.argv[2] as string) as Order;

/** Only counts, so that what is held is held by the node. */
const machine: StateMachine<number> = {
  open: () => Promise.resolve(0 as never),
  apply: (batches) => batches.flatMap(({ count }) => Array.from({ length: count }, () => 0)),
  async *snapshot() {},
  restore: () => Promise.resolve(),
};

const collect = (globalThis as { gc?: () => void }).gc as () => void;
const heldBytes = (): number => {
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
};

const node = await RaftNode.open<number>({ ...options, machine });
await node.propose(Uint8Array.of(0), { forward: true });
const before = heldBytes();
let mostHeld = 0;
let mostPending = 0;
let refusals = 0;
const calls = new Set<Promise<unknown>>();
for (let sent = 0; sent < commands; ) {
  const call = node.propose(new Uint8Array(commandBytes));
  calls.add(call);
  const settled = () => void calls.delete(call);
  call.then(settled, settled);
  const refusal = await Promise.race([
    call.then(() => undefined).catch((error: unknown) => error),
    new Promise((resolve) => setImmediate(() => resolve(undefined))),
  ]);
  if (refusal === undefined) {
    sent += 1;
    mostPending = Math.max(mostPending, node.status().pendingBytes);
    if (sent % 500 === 0) mostHeld = Math.max(mostHeld, heldBytes() - before);
    continue;
  }
  if (!(refusal instanceof RaftError && refusal.code === 'RAFT_PROPOSAL_DROPPED')) throw refusal;
  refusals += 1;
  // Until something is applied.
  await Promise.race(calls);
}
await Promise.all(calls);
mostHeld = Math.max(mostHeld, heldBytes() - before);
process.send?.({ mostHeld, mostPending, refusals });
process.once('message', () => void node.close().then(() => process.disconnect()));
