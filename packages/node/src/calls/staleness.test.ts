import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type AppendEntries,
  commandBatch,
  configurationOf,
  type LogIndex,
  lastIndexOf,
  type Message,
  type NodeId,
  Raft,
  type Term,
} from '@quorate/core';
import { CommandSlab } from '@quorate/wire';
import { bytes, code, TestCluster } from '../cluster.test.support.ts';
import { memoryStorage } from '../storage/memory-storage.ts';
import { Reads } from './reads.ts';
import { between } from './staleness.ts';

/** Server 3 of three, with its reads, driven by hand in time of our own. */
class Follower {
  now = 0;
  readonly sent: Message[] = [];
  readonly raft: Raft;
  readonly reads: Reads;
  /** What one might think: "I have all that the leader said was committed when I last heard it." */
  naiveAge = Infinity;
  #heardAt = -Infinity;

  constructor() {
    const initialConfiguration = configurationOf([1, 2, 3]);
    const storage = memoryStorage({ clusterId: 7, nodeId: 3, initialConfiguration });
    const { stored, log } = storage;
    const common = { id: 3 as NodeId, stored, appliedIndex: 0 as LogIndex, reader: log.reader };
    this.raft = new Raft({ ...common, now: 0, random: () => 0.5 });
    const clock = () => this.now;
    const host = {
      raft: this.raft,
      now: clock,
      wallTime: clock,
      wake: () => {},
      notLeader: () => assert.fail(),
    };
    const limits = { retryDelayMs: 10, answerTimeoutMs: 10_000, maxPendingReads: 10 };
    this.reads = new Reads(host, limits, 0 as LogIndex);
  }

  receive(message: Message): void {
    if (message.kind === 'appendEntries') this.#heardAt = this.now;
    this.raft.step({ kind: 'received', message }, this.now);
    this.turn();
  }

  turn(): void {
    this.reads.ask(this.now);
    for (;;) {
      const effects = this.raft.takeEffects(this.now);
      if (effects === undefined) break;
      this.sent.push(...effects.messages);
      if (effects.write)
        this.raft.step({ kind: 'written', sequence: effects.write.sequence }, this.now);
      for (const result of effects.reads) this.reads.answered(result, this.now);
      const last = effects.committed.at(-1);
      if (last === undefined) continue;
      this.raft.step({ kind: 'applied', index: lastIndexOf(last) }, this.now);
      this.reads.applied(lastIndexOf(last));
    }
    this.naiveAge = this.now - this.#heardAt;
  }

  /** What a reader is told who accepts that. */
  readAtMost(maxStalenessMs: number): Promise<unknown> {
    const answer = this.reads.read({ maxStalenessMs, ifOlder: 'fail' });
    return answer.then(Number, (error: { code: string }) => error.code);
  }
}

/** Server 1 of term 1 sends one entry, and says that it is committed. */
const append = (index: number): AppendEntries => ({
  kind: 'appendEntries',
  from: 1 as NodeId,
  to: 3 as NodeId,
  term: 1 as Term,
  prevLogIndex: (index - 1) as LogIndex,
  prevLogTerm: (index > 1 ? 1 : 0) as Term,
  leaderCommit: index as LogIndex,
  round: 0,
  batches: [commandBatch(1 as Term, index as LogIndex, CommandSlab.of(bytes(`${index}`)))],
});

test('a heartbeat that was under way for long says nothing of now; an answer counts from its question', async () => {
  const follower = new Follower();
  follower.receive(append(1));
  const late = append(1);

  // At 200 ms servers 1 and 2 commit entry 2. At 1000 ms what server 1 sent before arrives here.
  follower.now = 1000;
  follower.receive(late);
  assert.equal(follower.naiveAge, 0, 'the naive rule takes the state for new: it lacks 800 ms');
  assert.equal(await follower.readAtMost(500), 'RAFT_TOO_OLD');

  // The refusal has made it ask. The answer takes 900 ms, and is of any time since the question.
  follower.turn();
  const question = follower.sent.find(({ kind }) => kind === 'requestReadIndex');
  assert.ok(question?.kind === 'requestReadIndex');
  follower.now = 1900;
  const reply = { from: 1 as NodeId, to: 3 as NodeId, term: 1 as Term, id: question.id };
  follower.receive({ kind: 'readIndexReply', ...reply, readIndex: 2 as LogIndex });
  assert.equal(await follower.readAtMost(1000), 'RAFT_TOO_OLD', 'entry 2 is not here yet');
  follower.receive(append(2));
  assert.equal(await follower.readAtMost(800), 'RAFT_TOO_OLD', 'the question is 900 ms old');
  assert.equal(await follower.readAtMost(1000), 2);
});

test('a proof grows old, also while the machine sleeps', async () => {
  const at = (monotonic: number, wall: number) => ({ monotonic, wall });
  assert.equal(between(at(0, 1000), at(5, 1005)), 5);
  assert.equal(between(at(0, 1000), at(5, 901_000)), 900_000, 'a monotonic clock may stand still');
  assert.equal(between(at(0, 1000), at(5, 400)), 5, 'the time of day may go back');
});

test('a follower that was cut off answers at once while it can prove that it may', async (context) => {
  const cluster = new TestCluster(context, 3);
  await cluster.openAll();
  const leader = await cluster.leader();
  const follower = await cluster.follower();
  await leader.propose(bytes('a'));
  const never = follower.read({ maxStalenessMs: 60_000, ifOlder: 'fail' });
  await assert.rejects(never, code('RAFT_TOO_OLD'));
  await follower.read({ maxStalenessMs: 60_000 });
  cluster.network.isolate(follower.status().id);
  await leader.propose(bytes('b'));
  assert.equal(await follower.read({ maxStalenessMs: 60_000 }), follower.status().appliedIndex);
  await assert.rejects(follower.read({ maxStalenessMs: 0, ifOlder: 'fail' }), code('RAFT_TOO_OLD'));
  const asked = follower.read({ maxStalenessMs: 0 });
  cluster.network.healAll();
  await asked;
  assert.deepEqual(cluster.machines.get(follower.status().id)?.state, ['a', 'b']);
  for (const bound of [-1, Number.NaN]) {
    await assert.rejects(follower.read({ maxStalenessMs: bound }), code('RAFT_BAD_OPTION'));
  }
});
