/**
 * A leader in a process of its own, under load: proposes what its parent asks for, goes on when it
 * is refused, and tells at the end what it holds and the most it ever held.
 */

import type { RaftNodeOptions } from './api.ts';
import { RaftError } from './errors.ts';
import { RaftNode } from './raft-node.ts';
import type { StateMachine } from './state-machine.ts';

interface Order {
  readonly options: Omit<RaftNodeOptions<number>, 'machine'>;
  readonly commandBytes: number;
  /** To be applied. */
  readonly commands: number;
  /** Offered at once. */
  readonly burst: number;
}

const { options, commandBytes, commands, burst } = JSON.parse(process.argv[2] as string) as Order;

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
let applied = 0;
let failure: unknown;
let open: Promise<void>[] = [];

function offer(): void {
  const call = node.propose(new Uint8Array(commandBytes)).then(
    () => {
      applied += 1;
    },
    (error: unknown) => {
      if (error instanceof RaftError && error.code === 'RAFT_PROPOSAL_DROPPED') refusals += 1;
      else failure = error;
    },
  );
  open.push(call);
}

while (applied < commands && failure === undefined) {
  open = [];
  // More at once than may be pending, whatever the disks do meanwhile.
  for (let offered = 0; offered < burst; offered += 1) offer();
  mostPending = Math.max(mostPending, node.status().pendingBytes);
  await new Promise((resolve) => setImmediate(resolve));
  mostHeld = Math.max(mostHeld, heldBytes() - before);
  await Promise.all(open);
}
if (failure !== undefined) throw failure;
mostHeld = Math.max(mostHeld, heldBytes() - before);
process.send?.({ mostHeld, mostPending, refusals });
process.once('message', () => void node.close().then(() => process.disconnect()));
