import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { checkLinearizability } from '../check.ts';
import { completed, dice, execute } from '../histories.test.support.ts';
import type { Completed } from '../history.ts';
import type { Model } from '../model.ts';
import { keyValueModel } from './key-value.ts';
import { type LockInput, lockModel } from './lock.ts';
import { type QueueInput, queueModel } from './queue.ts';
import { registerModel } from './register.ts';

/** What one client sees. */
function answersOf<State, Input, Output>(
  model: Model<State, Input, Output>,
  ...inputs: Input[]
): Output[] {
  let state = model.initial();
  return inputs.map((input) => {
    const step = model.step(state, input);
    state = step.state;
    return step.output;
  });
}

test('a register', () => {
  const swap = { kind: 'compareAndSet', expected: 3, value: 4 } as const;
  const [read, write] = [{ kind: 'read' } as const, { kind: 'write', value: 3 } as const];
  const seen = answersOf(registerModel, read, swap, write, read, swap, read);
  assert.deepEqual(seen, [0, false, undefined, 3, true, 4]);
});

test('a key-value service', () => {
  const get = { kind: 'get', key: 'k' } as const;
  const append = { kind: 'append', key: 'k', value: 'b' } as const;
  const put = { kind: 'put', key: 'k', value: 'a' } as const;
  assert.deepEqual(answersOf(keyValueModel, get, put, append, get), ['', '', 'a', 'ab']);
});

const acquire = (owner: number): LockInput => ({ kind: 'acquire', lock: 'l', owner });
const release = (owner: number): LockInput => ({ kind: 'release', lock: 'l', owner });

test('a lock', () => {
  const inputs = [acquire(1), acquire(2), release(2), acquire(1), release(1), acquire(2)];
  assert.deepEqual(answersOf(lockModel, ...inputs), [true, false, false, true, true, true]);
});

const enqueue = (value: string): QueueInput => ({ kind: 'enqueue', queue: 'q', value });
const dequeue: QueueInput = { kind: 'dequeue', queue: 'q' };

test('a queue', () => {
  const seen = answersOf(
    queueModel,
    dequeue,
    enqueue('a'),
    enqueue('b'),
    dequeue,
    dequeue,
    dequeue,
  );
  assert.deepEqual(seen, [undefined, undefined, undefined, 'a', 'b', undefined]);
});

describe('what a model must keep', () => {
  function isFaithful<State, Input, Output>(
    model: Model<State, Input, Output>,
    input: fc.Arbitrary<Input>,
  ): void {
    fc.assert(
      fc.property(fc.array(input), input, (inputs, next) => {
        const reach = () => inputs.reduce((s, i) => model.step(s, i).state, model.initial());
        const [state, again] = [reach(), reach()];
        assert.equal(model.fingerprint(state), model.fingerprint(again));
        const before = model.fingerprint(state);
        const step = model.step(state, next);
        assert.equal(model.fingerprint(state), before, 'step has changed the state it was given');
        assert.ok(model.isSameOutput(step.output, model.step(again, next).output));
      }),
      { numRuns: 200, seed: 7 },
    );
  }

  const owner = fc.integer({ min: 1, max: 3 });
  const value = fc.constantFrom('a', 'b');

  test('lock', () => isFaithful(lockModel, fc.oneof(owner.map(acquire), owner.map(release))));
  test('queue', () => isFaithful(queueModel, fc.oneof(fc.constant(dequeue), value.map(enqueue))));
});

test('two owners of one lock are found out', () => {
  const history = [completed(1, 0, 1, acquire(1), true), completed(2, 2, 3, acquire(2), true)];
  assert.equal(checkLinearizability(lockModel, history).kind, 'illegal');
});

test('a value that two clients took out of a queue is found out', () => {
  const history = [
    completed(1, 0, 1, enqueue('job'), undefined),
    completed(2, 2, 9, dequeue, 'job'),
    completed(3, 2, 9, dequeue, 'job'),
  ];
  assert.equal(checkLinearizability(queueModel, history).kind, 'illegal');
});

test('real executions of locks and queues are accepted', () => {
  for (let seed = 1; seed <= 10; seed++) {
    const random = dice(seed);
    const locks = execute(lockModel, {
      clients: 5,
      operations: 200,
      random,
      input: (random) => (random() < 0.5 ? acquire : release)(1 + Math.floor(3 * random())),
      lost: 0.02,
    });
    assert.equal(checkLinearizability(lockModel, locks).kind, 'linearizable', `seed ${seed}`);
    const queues = execute(queueModel, {
      clients: 4,
      operations: 50,
      random,
      input: (random, serial): QueueInput => (random() < 0.5 ? enqueue(`job ${serial}`) : dequeue),
      lost: 0,
    });
    assert.equal(checkLinearizability(queueModel, queues).kind, 'linearizable', `seed ${seed}`);
  }
});

describe('ten thousand operations on one queue', () => {
  const history = execute(queueModel, {
    clients: 15,
    operations: 10_000,
    random: dice(1),
    input: (random, serial): QueueInput => (random() < 0.5 ? enqueue(`job ${serial}`) : dequeue),
    lost: 0.05,
  });

  test('are accepted in some dozens of steps each', () => {
    const verdict = checkLinearizability(queueModel, history);
    assert.equal(verdict.kind, 'linearizable');
    assert.ok(verdict.steps < 100 * history.length, `${verdict.steps} steps`);
  });

  test('are not, when two that were taken one after the other were taken the other way round', () => {
    const seen = history.filter(
      (operation) => operation.kind === 'completed' && operation.output !== undefined,
    ) as Completed<QueueInput, string>[];
    const first = seen[2000]!;
    const second = seen.find(({ calledAt }) => calledAt > first.returnedAt + 20)!;
    const swapped = history.map((operation) => {
      if (operation === first) return { ...first, output: second.output };
      return operation === second ? { ...second, output: first.output } : operation;
    });
    const verdict = checkLinearizability(queueModel, swapped, { maxSteps: 3_000_000 });
    assert.equal(verdict.kind, 'illegal');
  });
});
