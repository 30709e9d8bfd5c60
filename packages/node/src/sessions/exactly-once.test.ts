/**
 * A command whose outcome became unknown is proposed again, at every point at which it can have got
 * stuck. With a session it is applied once; without, as often as it was proposed and committed.
 */

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Message } from '@quorate/core';
import { bytes, TestCluster, temporaryDirectory, until } from '../cluster.test.support.ts';
import type { RaftNode } from '../raft-node.ts';
import { losing } from './sessions.test.support.ts';

type Propose = (command: Uint8Array) => Promise<number>;

interface Stage {
  readonly cluster: TestCluster;
  readonly leader: RaftNode<number>;
  readonly follower: RaftNode<number>;
  /** Until it answers false, the messages of which it says so are lost. */
  lose(isLost: (message: Message) => boolean): void;
}

/** Three servers, and a say in what arrives. */
async function stage(context: TestContext): Promise<Stage> {
  const cluster = new TestCluster(context, 3, { snapshotEntries: 20, keepEntries: 0 });
  let isLost: (message: Message) => boolean = () => false;
  for (const id of [1, 2, 3]) {
    const transport = losing(cluster.network.join(id), (message) => isLost(message));
    await cluster.open(id, { transport });
  }
  const leader = await cluster.leader();
  const follower = await cluster.follower();
  const lose = (next: typeof isLost) => {
    isLost = next;
  };
  return { cluster, leader, follower, lose };
}

const once = (kind: Message['kind']): ((message: Message) => boolean) => {
  let isDone = false;
  return (message) => {
    if (isDone || message.kind !== kind) return false;
    isDone = true;
    return true;
  };
};

/** What happens to the first attempt, and how often the command is applied without a session. */
const points: readonly {
  readonly name: string;
  readonly withoutSession: number;
  readonly trouble: (stage: Stage) => void;
}[] = [
  {
    name: 'before it is appended',
    withoutSession: 1,
    trouble: ({ lose }) => lose(once('forwardProposal')),
  },
  {
    name: 'after it is appended, before anybody else has it',
    withoutSession: 1,
    trouble: ({ cluster, leader, lose }) => {
      const { id } = leader.status();
      // What has reached the old leader stays there; when it is back, its entry is cut off.
      lose(({ kind, from }) => {
        if (kind === 'forwardReply' && from === id) cluster.network.isolate(id);
        return (
          from === id && kind !== 'forwardProposal' && cluster.network.reach(id, 1) === undefined
        );
      });
    },
  },
  {
    name: 'after it is committed, before the answer',
    withoutSession: 2,
    trouble: ({ lose }) => lose(once('forwardReply')),
  },
  {
    name: 'over a change of the leader, when the next one has it',
    withoutSession: 2,
    trouble: ({ cluster, leader, lose }) => {
      const { id } = leader.status();
      let copies = 0;
      lose((message) => {
        if (message.from !== id) return false;
        if (message.kind === 'forwardReply') return true;
        if (message.kind !== 'appendEntries' || message.batches.length === 0) return copies >= 2;
        copies += 1;
        // Both followers have it; then the leader is heard no more.
        if (copies === 2) setImmediate(() => cluster.network.isolate(id));
        return copies > 2;
      });
    },
  },
  {
    name: 'behind a snapshot that swallows its result',
    withoutSession: 2,
    trouble: ({ cluster, leader, follower, lose }) => {
      const { id } = follower.status();
      const isFirstReply = once('forwardReply');
      lose((message) => {
        // The reply still arrives, and then nothing until the log before the snapshot is gone.
        if (isFirstReply(message)) setImmediate(cutOff);
        return false;
      });
      const cutOff = async () => {
        cluster.network.isolate(id);
        for (let at = 0; at < 30; at += 1) await leader.propose(bytes('filler'));
        await until(() => leader.status().firstIndex > 20);
        cluster.network.healAll();
      };
    },
  },
];

const isUnknown = (error: unknown) => (error as { code?: string }).code === 'RAFT_OUTCOME_UNKNOWN';

/** What a caller without a session would do, were it careless. */
async function proposeUntilKnown(node: RaftNode<number>, command: Uint8Array): Promise<number> {
  for (;;) {
    try {
      return await node.propose(command, { forward: true });
    } catch (error) {
      if (!isUnknown(error)) throw error;
    }
  }
}

async function timesApplied(
  given: Stage,
  trouble: (stage: Stage) => void,
  propose: Propose,
): Promise<number> {
  const { cluster, follower, lose } = given;
  await propose(bytes('before'));
  trouble(given);
  await propose(bytes('the command'));
  lose(() => false);
  cluster.network.healAll();
  await propose(bytes('after'));
  const list = await cluster.listOf(follower);
  return list.filter((command) => command === 'the command').length;
}

for (const { name, withoutSession, trouble } of points) {
  test(`stuck ${name}: applied once with a session, and ${withoutSession} times without`, async (context) => {
    const [sound, careless] = [await stage(context), await stage(context)];
    using session = await sound.follower.openSession();
    const counts = await Promise.all([
      timesApplied(sound, trouble, (command) => session.propose(command)),
      timesApplied(careless, trouble, (command) => proposeUntilKnown(careless.follower, command)),
    ]);
    assert.deepEqual(counts, [1, withoutSession]);
  });
}

test('a restart from a snapshot: the number that was written down is answered, not applied', async (context) => {
  const directory = await temporaryDirectory(context);
  const cluster = new TestCluster(context, 1, { directory, snapshotEntries: 20, keepEntries: 0 });
  const node = await cluster.open(1);
  await cluster.leader();
  const session = await node.openSession();
  const { id, nextSerial } = session;
  assert.equal(await session.propose(bytes('the command')), 1);
  // Its caller never sees this answer; the others push the command into a snapshot.
  for (let at = 0; at < 30; at += 1) await node.propose(bytes('filler'));
  await until(() => node.status().snapshotIndex >= 20);
  await cluster.shut(node);

  const again = await cluster.open(1);
  await cluster.leader();
  const resumed = again.resumeSession(id, nextSerial);
  assert.equal(await resumed.propose(bytes('the command')), 1);
  assert.equal(await resumed.propose(bytes('the next')), 32);
  const list = await cluster.listOf(again);
  assert.deepEqual([list.length, list.filter((name) => name === 'the command').length], [32, 1]);
});
