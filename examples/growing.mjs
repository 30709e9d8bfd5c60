// A cluster that begins with one server, grows to three while it runs, and hands over the lead before
// its founder leaves. In this process, over loopback TCP, with the data on disk; usually each server
// runs in a process of its own.
//
//     node examples/growing.mjs        (after npm run build; deletes data/growing first)

import { rm } from 'node:fs/promises';
import { inMemoryMachine, RaftNode } from '@quorate/node';

const [directory = 'data/growing', a = 7111, b = 7112, c = 7113] = process.argv.slice(2);
const address = (port) => ({ host: '127.0.0.1', port: Number(port) });
const addresses = { 1: address(a), 2: address(b), 3: address(c) };
await rm(directory, { recursive: true, force: true });

const counter = () =>
  inMemoryMachine({
    initial: () => 0,
    apply: (count, command) => ({ state: count + command[0], result: count + command[0] }),
  });

/** A newcomer needs no address but its own: who leads comes to it, and the log brings the others'. */
const open = (id, join) => {
  const peers = { [id]: addresses[id] };
  const where = { directory: `${directory}/${id}`, peers, join };
  return RaftNode.open({ id, clusterId: 1, machine: counter(), ...where });
};
const add = (node) => node.propose(Uint8Array.of(1), { forward: true });

const founder = await open(1, false);
console.log('alone, the count is', await add(founder));

const [second, third] = await Promise.all([open(2, true), open(3, true)]);
await founder.changeMembership({ voters: [1, 2, 3] }, { addresses });
console.log('voters are', founder.status().membership.voters.join(', '));

await founder.transferLeadership(2);
console.log('server', founder.status().leaderId, 'leads, the count is', await add(second));

await second.changeMembership({ voters: [2, 3] });
console.log('voters are', second.status().membership.voters.join(', '));
await founder.close();
console.log('without the founder, the count is', await add(third));

await third.read({ maxStalenessMs: 1000 }); // at once, if server 3 knows how old its state is at most
await Promise.all([second.close(), third.close()]);
