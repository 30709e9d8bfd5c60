// Three servers of one cluster in this process, over loopback TCP, with their data on disk. Usually
// each runs in a process of its own: then give each the same `peers` and its own `id`.
//
//     node examples/counter.mjs        (after npm run build; the count goes on with each run)

import { inMemoryMachine, RaftNode } from '@quorate/node';

const [directory = 'data/counter', a = 7101, b = 7102, c = 7103] = process.argv.slice(2);
const address = (port) => ({ host: '127.0.0.1', port: Number(port) });
const peers = { 1: address(a), 2: address(b), 3: address(c) };

const counter = () =>
  inMemoryMachine({
    initial: () => 0,
    apply: (count, command) => {
      const state = count + command[0];
      return { state, result: state };
    },
  });

const servers = [];
for (const id of [1, 2, 3]) {
  const machine = counter();
  const options = { id, clusterId: 1, peers, directory: `${directory}/${id}`, machine };
  servers.push({ machine, node: await RaftNode.open(options) });
}

const [first, second] = servers;
for (let i = 0; i < 3; i++) {
  console.log('count is', await first.node.propose(Uint8Array.of(1), { forward: true }));
}
await second.node.read(); // from here on, what server 2 holds is as new as anybody has seen
console.log('server 2 has', second.machine.state);

await Promise.all(servers.map(({ node }) => node.close()));
