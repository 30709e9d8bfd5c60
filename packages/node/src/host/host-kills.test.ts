import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { seededRandom } from '@quorate/core';
import type { PeerAddress } from '../api.ts';
import { freeAddress, temporaryDirectory } from '../cluster.test.support.ts';
import type { Answered, Asked } from './host-process.test.support.ts';

const GROUPS = 40;
const IDS = [1, 2, 3];
const PROGRAM = new URL('./host-process.test.support.js', import.meta.url);

/** Three hosts in processes of their own. What is asked of one that dies is answered by nobody. */
class Processes {
  readonly #children = new Map<number, ChildProcess>();
  readonly #peers: Readonly<Record<number, PeerAddress>>;
  readonly #directory: string;
  readonly #waiting = new Map<number, { id: number; answer: (list: Answered['list']) => void }>();
  #lastAsk = 0;

  constructor(context: TestContext, peers: Record<number, PeerAddress>, directory: string) {
    this.#peers = peers;
    this.#directory = directory;
    context.after(() => Promise.all(IDS.map((id) => this.kill(id))));
  }

  async start(id: number): Promise<void> {
    const directory = join(this.#directory, String(id));
    const options = JSON.stringify({ id, peers: this.#peers, directory, groups: GROUPS });
    const child = fork(PROGRAM, [options]);
    this.#children.set(id, child);
    assert.deepEqual((await once(child, 'message'))[0], 'open');
    child.on('message', ({ ask, list }: Answered) => {
      this.#waiting.get(ask)?.answer(list);
      this.#waiting.delete(ask);
    });
  }

  async kill(id: number): Promise<void> {
    const child = this.#children.get(id);
    if (child === undefined) return;
    this.#children.delete(id);
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
    for (const [ask, waiting] of this.#waiting) {
      if (waiting.id !== id) continue;
      this.#waiting.delete(ask);
      waiting.answer(undefined);
    }
  }

  ask(id: number, group: number, command?: string): Promise<Answered['list']> {
    const ask = ++this.#lastAsk;
    return new Promise((answer) => {
      const child = this.#children.get(id);
      if (child === undefined) return answer(undefined);
      this.#waiting.set(ask, { id, answer });
      child.send({ ask, group, command } satisfies Asked, () => {});
    });
  }
}

test('many groups under kills: what was acknowledged is there once, and all replicas agree', async (context) => {
  const random = seededRandom(11);
  const pick = (most: number) => 1 + Math.floor(random() * most);
  const peers = { 1: await freeAddress(), 2: await freeAddress(), 3: await freeAddress() };
  const processes = new Processes(context, peers, await temporaryDirectory(context));
  await Promise.all(IDS.map((id) => processes.start(id)));

  const acknowledged = new Map<number, string[]>();
  let number = 0;
  const load = async (): Promise<void> => {
    const [id, group] = [pick(3), pick(GROUPS)];
    const command = `${group}:${++number}`;
    if ((await processes.ask(id, group, command)) === undefined) return;
    acknowledged.set(group, [...(acknowledged.get(group) ?? []), command]);
  };
  for (let kill = 0; kill < 4; kill++) {
    const loads = Array.from({ length: 400 }, load);
    // While most of them are on their way.
    await loads[50 * kill];
    const victim = pick(3);
    await processes.kill(victim);
    await processes.start(victim);
    await Promise.all(loads);
  }

  assert.ok([...acknowledged.values()].flat().length > 400);
  for (let group = 1; group <= GROUPS; group++) {
    const lists = await Promise.all(IDS.map((id) => processes.ask(id, group)));
    const [list = []] = lists;
    assert.deepEqual(lists, [list, list, list], `group ${group}`);
    assert.equal(new Set(list).size, list.length, `group ${group}: something was applied twice`);
    assert.ok(list.every((command) => command.startsWith(`${group}:`)));
    const lost = (acknowledged.get(group) ?? []).filter((command) => !list.includes(command));
    assert.deepEqual(lost, [], `group ${group}`);
  }
});
