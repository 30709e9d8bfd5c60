/**
 * One Quorate node that speaks the peers' node protocol (peers/README.md):
 *
 *     node bench/node.mjs -id 1 -addrs 127.0.0.1:7001,127.0.0.1:7002,127.0.0.1:7003 -dir D
 *         -durable=true -profile default -probe=false
 *
 * It is what a user of @quorate/node would write, with a load generator inside.
 */

import { createInterface } from 'node:readline';
import { RaftNode } from '@quorate/node';
import { CountingMachine } from './counting-machine.mjs';
import { parseFlags } from './flags.mjs';
import { commandMaker, runLoad } from './load.mjs';
import { PROFILES } from './profiles.mjs';

const PROBE_BYTES = 256;
const flags = parseFlags(process.argv.slice(2));
const id = Number(flags.id);
const machine = new CountingMachine();
let isLeading = false;

const opened = RaftNode.open({
  id,
  clusterId: 1,
  peers: Object.fromEntries(flags.addrs.split(',').map((text, i) => [i + 1, parseAddress(text)])),
  directory: flags.durable === 'true' ? flags.dir : undefined,
  machine,
  raft: PROFILES[flags.profile],
  // No system takes snapshots within a run (peers/README.md).
  snapshotEntries: Number.MAX_SAFE_INTEGER,
  trace: onTrace,
  log: (level, message, facts) => console.error(level, message, JSON.stringify(facts)),
});
const node = await opened;
emit({ ev: 'ready' });
createInterface({ input: process.stdin }).on('line', onLine).on('close', quit);

/** The core calls this in the middle of its work: note what happened, and act on it later. */
function onTrace(event) {
  if (event.kind === 'becameLeader') {
    isLeading = true;
    emit({ ev: 'leader' });
    if (flags.probe === 'true') void opened.then(probe);
  } else if (event.kind === 'becameFollower' && isLeading) {
    isLeading = false;
    emit({ ev: 'follower' });
  }
}

async function probe(leader) {
  try {
    await leader.propose(commandMaker(PROBE_BYTES)(0, 1));
    emit({ ev: 'first_commit' });
  } catch (error) {
    emit({ ev: 'error', msg: String(error) });
  }
}

async function onLine(line) {
  const request = JSON.parse(line);
  switch (request.cmd) {
    case 'run':
      emit({ ev: 'result', result: await runLoad((command) => node.propose(command), request) });
      return;
    case 'stat':
      emit({ ev: 'stat', stat: machine.stat() });
      return;
    case 'quit':
      await quit();
  }
}

async function quit() {
  await node.close();
  process.exit(0);
}

/** `t_ns` is the wall clock, which the processes of one machine share, to the microsecond. */
function emit(event) {
  const nanoseconds = Math.round((performance.timeOrigin + performance.now()) * 1e6);
  process.stdout.write(`${JSON.stringify({ ...event, id, t_ns: nanoseconds })}\n`);
}

function parseAddress(text) {
  const colon = text.lastIndexOf(':');
  return { host: text.slice(0, colon), port: Number(text.slice(colon + 1)) };
}
