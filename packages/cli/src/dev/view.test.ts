import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { nodesOf } from './layout.ts';
import { greeting, type NodeView, statusLine, statusTable } from './view.ts';

const nodes = nodesOf({ nodes: 4, port: 2379 }, './data');

const up = {
  leaderId: 1n,
  term: 7n,
  commitIndex: 41n,
  appliedIndex: 40n,
  dbSizeBytes: 1n,
  version: '3.4.23',
};

const views: readonly NodeView[] = [
  {
    node: nodes[0]!,
    process: { kind: 'running', pid: 101 },
    status: { ...up, state: 'leader' },
    hasAnswered: true,
    returnsInMs: undefined,
  },
  {
    node: nodes[1]!,
    process: { kind: 'killed', signal: 'SIGKILL' },
    status: undefined,
    hasAnswered: true,
    returnsInMs: 6400,
  },
  {
    node: nodes[2]!,
    process: { kind: 'running', pid: 103 },
    status: undefined,
    hasAnswered: true,
    returnsInMs: undefined,
  },
  {
    node: nodes[3]!,
    process: { kind: 'failed', reason: 'the disk is full' },
    status: undefined,
    hasAnswered: false,
    returnsInMs: undefined,
  },
];

test('the table: who leads, who is down and until when, who is silent', () => {
  assert.equal(
    stripVTControlCharacters(statusTable(views, true)),
    [
      'node  clients at       pid  state                                    term  commit  applied',
      'n1    127.0.0.1:2379   101  leader                                   7     41      40',
      'n2    127.0.0.1:22379  -    down (SIGKILL), back in 7 s, or press 2',
      'n3    127.0.0.1:32379  103  does not answer',
      'n4    127.0.0.1:42379  -    down (failed, see above), or press 4',
    ].join('\n'),
  );
});

test('the same for a log, without keys to press', () => {
  assert.equal(
    statusLine(views),
    'n1 pid=101 leader term=7 commit=41 applied=40  |  n2 down (SIGKILL), back in 7 s  |  ' +
      'n3 pid=103 does not answer  |  n4 down (failed, see above)',
  );
});

test('the greeting names commands that fit the ports, and no keys where there are none', () => {
  const elsewhere = greeting(nodesOf({ nodes: 3, port: 2479 }, 'd'), 'd', false);
  assert.match(elsewhere, /etcdctl --endpoints=127\.0\.0\.1:2479 put greeting hello/);
  assert.match(elsewhere, /npx quorate get greeting --endpoints=127\.0\.0\.1:2479$/m);
  assert.doesNotMatch(elsewhere, /press/);
  assert.match(greeting(nodes, './data', true), /npx quorate get greeting$/m);
});
