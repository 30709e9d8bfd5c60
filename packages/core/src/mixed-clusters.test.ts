import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cutOff, pass } from './leader/cluster.test.support.ts';
import { Server, settle } from './testing.test.support.ts';

const VOTERS = [1, 2, 3];

/** A bit for each server: which of them have the option, in every way that there is. */
const MIXES = Array.from({ length: 2 ** VOTERS.length }, (_, mix) => mix);
const has = (mix: number, id: number): boolean => ((mix >> (id - 1)) & 1) === 1;

/** Server 1 leads, is cut off until another one leads, and comes back. */
function survives(servers: Server[]): void {
  servers[0]!.passDeadline();
  settle(servers);
  assert.equal(servers[0]!.raft.isLeader, true);
  pass(servers, 10_000, cutOff(1));
  const next = servers.slice(1).find(({ raft }) => raft.isLeader);
  assert.ok(next !== undefined, 'the two that are left elect one of them');
  pass(servers, 10_000);
  const leaders = servers.filter(({ raft }) => raft.isLeader);
  assert.equal(leaders.length, 1);
  leaders[0]!.propose();
  pass(servers, 1_000);
  const committed = servers.map(({ raft }) => raft.commitIndex);
  assert.deepEqual(committed, Array(3).fill(leaders[0]!.raft.lastIndex));
}

for (const option of ['preVote', 'checkQuorum'] as const) {
  test(`whichever servers use ${option}: one that was cut off is replaced, and comes back (hazard 11)`, () => {
    for (const mix of MIXES) {
      const servers = VOTERS.map(
        (id) =>
          new Server(
            id,
            VOTERS,
            [1],
            { term: 1 },
            { noopOnElection: true, [option]: has(mix, id) },
          ),
      );
      survives(servers);
    }
  });
}
