/** `npm run tla:text` on a specification of two lines: what it says, and how it ends. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { root } from './project.mjs';

const directory = mkdtempSync(join(tmpdir(), 'quorate-tla-text-'));
after(() => rmSync(directory, { recursive: true }));

/** Each event is one greater than the one before. */
const SPECIFICATION = `---- MODULE Traceetcdraft ----
EXTENDS Naturals, Sequences, Json
VARIABLE l
TraceLog == ndJsonDeserialize("trace")
Init == l = 1
Next == l <= Len(TraceLog) /\\ TraceLog[l].event = l /\\ l' = l + 1
Spec == Init /\\ [][Next]_l
====`;

function run(files, ...args) {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
  const script = join(root, 'scripts', 'tla-text.mjs');
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...args], {
    cwd: directory,
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

const trace = (...events) => events.map((event) => `{"tag":"trace","event":${event}}\n`).join('');

test('without the files it says what to get', () => {
  const { status, stderr } = run({}, '--spec', 'nowhere', '--seeds', '1');
  assert.equal(status, 1);
  assert.match(
    stderr,
    /nowhere.Traceetcdraft\.cfg.*git clone https:\/\/github\.com\/etcd-io\/raft/,
  );
  assert.match(run({}).stderr, /--spec DIR is missing/);
});

test('a trace is accepted, or refused at a line, in words and in JSON', () => {
  const files = { 'Traceetcdraft.tla': SPECIFICATION, 'Traceetcdraft.cfg': 'SPECIFICATION Spec' };
  const good = run({ ...files, good: trace(1, 2, 3) }, '--spec', '.', '--trace', 'good');
  assert.equal(good.status, 0, good.stderr);
  assert.match(good.stdout, /^good: 3 lines accepted$/m);
  const bad = run({ bad: trace(1, 7) }, '--spec', '.', '--trace', 'bad', '--json');
  assert.equal(bad.status, 1);
  assert.deepEqual(JSON.parse(bad.stdout.trim().split('\n').at(-1)), {
    ...{ name: 'bad', lines: 2, kind: 'refused', line: 2, because: { kind: 'no action fits' } },
  });
  assert.match(bad.stderr, /1 of 1 traces are refused/);
});
