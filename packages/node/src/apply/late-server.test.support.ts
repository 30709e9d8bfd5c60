/** A server in a process of its own, to be killed. Says "restored" to its parent when it has caught up. */

import { listMachine } from '../cluster.test.support.ts';
import { RaftNode } from '../raft-node.ts';

const machine = listMachine();
const node = await RaftNode.open({ ...JSON.parse(process.argv[2] as string), machine });
await node.read();
process.send?.(machine.state);
process.once('message', () => void node.close().then(() => process.disconnect()));
