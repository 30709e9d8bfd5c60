/**
 * `npm run bench:check`: CPU seconds of the linearizability checker for ten thousand operations, and its
 * verdicts: the table in packages/check/README.md. `--operations` makes it shorter.
 */

import { parseArgs } from 'node:util';
import { prepare } from './prepare.mjs';

const { values } = parseArgs({ options: { operations: { type: 'string', default: '10000' } } });
const operations = Number(values.operations);

prepare();
const dist = '../packages/check/dist';
const { checkLinearizability, lockModel, registerModel, transactionalModel } = await import(
  `${dist}/index.js`
);
const { dice, execute } = await import(`${dist}/histories.test.support.js`);
const { mixedTransactions, withBug } = await import(`${dist}/models/transactions.test.support.js`);

function measure(shape, history, model) {
  const before = process.cpuUsage();
  const verdict = checkLinearizability(model, history);
  const { user, system } = process.cpuUsage(before);
  const window = verdict.kind === 'illegal' ? `, ${verdict.window.length} answers` : '';
  const minimal = verdict.isMinimal === false ? ', not proven smallest' : '';
  const seconds = ((user + system) / 1e6).toFixed(1);
  console.log(`${shape.padEnd(64)} ${seconds.padStart(6)} s  ${verdict.kind}${window}${minimal}`);
}

function historyOf(model, clients, lost, input, service = model) {
  return execute(service, { clients, operations, lost, input, random: dice(1) });
}

const SHAPES = [
  [10, 100],
  [50, 100],
  [10, 20],
  [50, 20],
  [15, 5],
];

function transactions() {
  for (const [clients, keys] of SHAPES) {
    for (const values of [Infinity, 3]) {
      for (const lost of [0.02, 0.05]) {
        const input = mixedTransactions({ keys, values });
        const history = historyOf(transactionalModel, clients, lost, input);
        const kind = values === 3 ? 'three values' : 'values that differ';
        const shape = `transactions: ${clients} clients, ${keys} keys, ${kind}, ${lost} lost`;
        measure(shape, history, transactionalModel);
      }
    }
  }
}

function bugs() {
  for (const values of [Infinity, 3]) {
    for (const bug of ['stale read', 'lost update', 'late write', 'twice', 'dirty read']) {
      const input = mixedTransactions({ keys: 20, values });
      const service = withBug(bug, operations / 2, 300);
      const history = historyOf(transactionalModel, 10, 0.02, input, service);
      const kind = values === 3 ? 'three values' : 'values that differ';
      measure(`transactions: 10 clients, 20 keys, ${kind}, ${bug}`, history, transactionalModel);
    }
  }
}

/** Two of three operations are compare-and-sets, nearly all of which fail where values differ. */
function registers() {
  for (const values of [5, 100, Infinity]) {
    for (const lost of [0.02, 0.05]) {
      const input = (random, serial) => {
        const few = () => Math.floor(values * random());
        const value = values === Infinity ? serial + 1 : few();
        const kind = random();
        if (kind < 0.2) return { kind: 'read' };
        if (kind < 0.35) return { kind: 'write', value };
        const old = Math.max(0, serial - Math.floor(40 * random()));
        const expected = values === Infinity ? old : few();
        return { kind: 'compareAndSet', expected, value };
      };
      const history = historyOf(registerModel, 20, lost, input);
      measure(`register: 20 clients, ${values} values, ${lost} lost`, history, registerModel);
    }
  }
}

function locks() {
  for (const [clients, owners, lost] of [
    [5, 5, 0.02],
    [15, 5, 0.02],
    [15, 5, 0.05],
    [20, 20, 0.02],
  ]) {
    const input = (random) => ({
      kind: random() < 0.6 ? 'acquire' : 'release',
      lock: 'lock',
      owner: 1 + Math.floor(owners * random()),
    });
    const history = historyOf(lockModel, clients, lost, input);
    measure(`lock: ${clients} clients, ${owners} owners, ${lost} lost`, history, lockModel);
  }
}

transactions();
bugs();
registers();
locks();
