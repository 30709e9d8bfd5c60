/** The restated specification on traces written by hand, as etcd-io/raft would write them. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { acceptTrace } from './accept.ts';
import type { Line, LineMessage } from './line.ts';
import { printLine } from './line.ts';

/** A line as `nid EVENT term/vote/commit/role/log`, and perhaps `type from>to key=value …`. */
function at(event: string, message?: string, change?: Line['change']): string {
  const [nid = '', name = '', state = ''] = event.split(' ');
  const [term, vote = '', commit, role = '', log] = state.split('/');
  const line: Line = {
    ...{ nid, name, vote, change },
    term: Number(term),
    commit: Number(commit),
    role: ({ F: 'StateFollower', C: 'StateCandidate', L: 'StateLeader' } as const)[role]!,
    log: Number(log),
    voters: ['1', '2', '3'],
    message: message === undefined ? undefined : messageOf(message),
  };
  return printLine(line, 1);
}

function messageOf(text: string): LineMessage {
  const [type, link, ...fields] = text.split(' ');
  const [from = '', to = ''] = link!.split('>');
  const values = Object.fromEntries(fields.map((field) => field.split('=')));
  const number = (name: string) => Number(values[name] ?? 0);
  return {
    ...{ type: type as LineMessage['type'], from, to, reject: values.reject === 'true' },
    ...{ term: number('term'), entries: number('entries'), logTerm: number('logTerm') },
    ...{ index: number('index'), commit: number('commit') },
  };
}

/** Three servers that start with one committed entry of term 1. */
const START = ['1', '2', '3'].map((nid) => at(`${nid} InitState 1/0/1/F/1`));

/** Server 1 runs and is elected by 2, with the lines that etcd adds and nobody needs. */
const ELECTION = [
  at('1 BecomeCandidate 2/1/1/C/1'),
  at('1 SendRequestVoteResponse 2/1/1/C/1', 'MsgVoteResp 1>1 term=2'),
  at('1 SendRequestVoteRequest 2/1/1/C/1', 'MsgVote 1>2 term=2 index=1 logTerm=1'),
  at('1 SendRequestVoteRequest 2/1/1/C/1', 'MsgVote 1>3 term=2 index=1 logTerm=1'),
  at('1 Ready 2/1/1/C/1'),
  at('1 ReceiveRequestVoteResponse 2/1/1/C/1', 'MsgVoteResp 1>1 term=2'),
  at('2 ReceiveRequestVoteRequest 1/0/1/F/1', 'MsgVote 1>2 term=2 index=1 logTerm=1'),
  at('2 BecomeFollower 2/0/1/F/1'),
  at('2 SendRequestVoteResponse 2/0/1/F/1', 'MsgVoteResp 2>1 term=2'),
  at('2 Ready 2/1/1/F/1'),
  at('1 ReceiveRequestVoteResponse 2/1/1/C/1', 'MsgVoteResp 2>1 term=2'),
  at('1 BecomeLeader 2/1/1/L/1'),
];

/** It appends an entry, which 2 stores, and commits it. */
const COMMIT = [
  at('1 Replicate 2/1/1/L/1'),
  at('1 SendAppendEntriesResponse 2/1/1/L/2', 'MsgAppResp 1>1 term=2 index=2'),
  at(
    '1 SendAppendEntriesRequest 2/1/1/L/2',
    'MsgApp 1>2 term=2 index=1 logTerm=1 entries=1 commit=1',
  ),
  at('1 Ready 2/1/1/L/2'),
  at('1 ReceiveAppendEntriesResponse 2/1/1/L/2', 'MsgAppResp 1>1 term=2 index=2'),
  at(
    '2 ReceiveAppendEntriesRequest 2/1/1/F/1',
    'MsgApp 1>2 term=2 index=1 logTerm=1 entries=1 commit=1',
  ),
  at('2 SendAppendEntriesResponse 2/1/1/F/2', 'MsgAppResp 2>1 term=2 index=2'),
  at('2 Ready 2/1/1/F/2'),
  at('1 ReceiveAppendEntriesResponse 2/1/1/L/2', 'MsgAppResp 2>1 term=2 index=2'),
  at('1 Commit 2/1/2/L/2'),
  at('1 Ready 2/1/2/L/2'),
];
const BEFORE = [...START, ...ELECTION, ...COMMIT];

const APPEND = 'MsgApp 2>1 term=2 index=3 logTerm=1 entries=1 commit=3';
/**
 * The order in which etcd's own example (tla/example.ndjson) has the first election of three servers
 * whose logs begin with three configurations: Readys that change nothing, lines that only say again
 * what follows, a Commit that commits nothing, entries appended while others are on their way.
 */
const RECORDED = [
  ...['1', '2', '3'].flatMap((nid) => [
    at(`${nid} InitState 0/0/0/F/0`),
    at(`${nid} BecomeFollower 1/0/0/F/0`),
    at(`${nid} ApplyConfChange 1/0/3/F/3`, undefined, { kind: 'applied', voters: ['1', '2', '3'] }),
    at(`${nid} Ready 1/0/3/F/3`),
  ]),
  at('2 BecomeCandidate 2/2/3/C/3'),
  at('2 SendRequestVoteRequest 2/2/3/C/3', 'MsgVote 2>1 term=2 index=3 logTerm=1'),
  at('2 SendRequestVoteResponse 2/2/3/C/3', 'MsgVoteResp 2>2 term=2'),
  at('2 SendRequestVoteRequest 2/2/3/C/3', 'MsgVote 2>3 term=2 index=3 logTerm=1'),
  at('2 Ready 2/2/3/C/3'),
  at('2 ReceiveRequestVoteResponse 2/2/3/C/3', 'MsgVoteResp 2>2 term=2'),
  at('3 ReceiveRequestVoteRequest 1/0/3/F/3', 'MsgVote 2>3 term=2 index=3 logTerm=1'),
  at('1 ReceiveRequestVoteRequest 1/0/3/F/3', 'MsgVote 2>1 term=2 index=3 logTerm=1'),
  at('3 BecomeFollower 2/0/3/F/3'),
  at('1 BecomeFollower 2/0/3/F/3'),
  at('3 SendRequestVoteResponse 2/0/3/F/3', 'MsgVoteResp 3>2 term=2'),
  at('1 SendRequestVoteResponse 2/0/3/F/3', 'MsgVoteResp 1>2 term=2'),
  at('1 Ready 2/2/3/F/3'),
  at('3 Ready 2/2/3/F/3'),
  at('2 ReceiveRequestVoteResponse 2/2/3/C/3', 'MsgVoteResp 3>2 term=2'),
  at('2 BecomeLeader 2/2/3/L/3'),
  at('2 Replicate 2/2/3/L/3'),
  at('2 SendAppendEntriesResponse 2/2/3/L/4', 'MsgAppResp 2>2 term=2 index=4'),
  at('2 SendAppendEntriesRequest 2/2/3/L/4', APPEND),
  at('2 SendAppendEntriesRequest 2/2/3/L/4', APPEND.replace('>1', '>3')),
  at('2 Ready 2/2/3/L/4'),
  at('2 Replicate 2/2/3/L/4'),
  at('2 SendAppendEntriesResponse 2/2/3/L/5', 'MsgAppResp 2>2 term=2 index=5'),
  at('1 ReceiveAppendEntriesRequest 2/2/3/F/3', APPEND),
  at('1 SendAppendEntriesResponse 2/2/3/F/4', 'MsgAppResp 1>2 term=2 index=4'),
  at('2 ReceiveAppendEntriesResponse 2/2/3/L/5', 'MsgAppResp 2>2 term=2 index=4'),
  at('2 Commit 2/2/3/L/5'),
];

const HEARTBEAT = [
  at('1 SendAppendEntriesRequest 2/1/2/L/2', 'MsgHeartbeat 1>2 term=2 commit=2'),
  at('1 Ready 2/1/2/L/2'),
  at('2 ReceiveAppendEntriesRequest 2/1/1/F/2', 'MsgHeartbeat 1>2 term=2 commit=2'),
  at('2 Ready 2/1/2/F/2'),
  at('1 ReceiveAppendEntriesResponse 2/1/2/L/2', 'MsgHeartbeatResp 2>1 term=2'),
];
const RESTART = [...HEARTBEAT, at('2 InitState 2/1/2/F/2')];
const STEP_DOWN = [at('1 BecomeFollower 2/1/2/F/2')];
const CHANGE = [
  at('1 ChangeConf 2/1/2/L/2', undefined, { kind: 'remove', nid: '3' }),
  at('1 SendAppendEntriesResponse 2/1/2/L/3', 'MsgAppResp 1>1 term=2 index=3'),
];
/** To a server that has nothing: without its reply, which has no name in a trace. */
const SNAPSHOT = [
  at('1 SendAppendEntriesRequest 2/1/2/L/2', 'MsgSnap 1>3 term=2 entries=2'),
  at('1 Ready 2/1/2/L/2'),
  at('3 ReceiveSnapshot 1/0/1/F/1', 'MsgSnap 1>3 term=2 entries=2'),
];

describe('accepted', () => {
  for (const [name, lines] of Object.entries({
    'an election and a commit': BEFORE,
    'a heartbeat that tells of the commit': [...BEFORE, ...HEARTBEAT],
    'a restart with what was durable': [...BEFORE, ...RESTART],
    'a leader that steps down': [...BEFORE, ...STEP_DOWN],
    'a change of the configuration': [...BEFORE, ...CHANGE],
    'a snapshot': [...BEFORE, ...SNAPSHOT],
    'an election as etcd records it': RECORDED,
    'lines of other programs': ['{"level":"info"}', ...BEFORE],
  })) {
    test(name, () =>
      assert.deepEqual(acceptTrace(lines).kind, 'accepted', JSON.stringify(acceptTrace(lines))),
    );
  }
});

/** After `BEFORE`, and what is said of it. */
const REJECTED: Readonly<Record<string, readonly [reason: RegExp, ...lines: string[]]>> = {
  'a candidate that leads without a quorum': [
    /votes of 3 only/,
    ...runs3(),
    at('3 BecomeLeader 2/3/1/L/1'),
  ],
  'a second leader of a term': [
    /vote is 3/,
    at('2 BecomeCandidate 3/2/1/C/2'),
    at('2 SendRequestVoteResponse 3/3/1/C/2', 'MsgVoteResp 2>2 term=3'),
  ],
  'a vote that nobody sent': [
    /no such message/,
    at('3 ReceiveRequestVoteRequest 1/0/1/F/1', 'MsgVote 2>3 term=3 index=2 logTerm=2'),
  ],
  'a message that is received before its sender is ready': [
    /no such message/,
    at(
      '1 SendAppendEntriesRequest 2/1/2/L/2',
      'MsgApp 1>3 term=2 index=1 logTerm=1 entries=1 commit=2',
    ),
    at(
      '3 ReceiveAppendEntriesRequest 1/0/1/F/1',
      'MsgApp 1>3 term=2 index=1 logTerm=1 entries=1 commit=2',
    ),
  ],
  'a commit that is not as far as it could be': [
    /commit is 2 and must be 3/,
    ...appended(),
    at('1 Commit 2/1/2/L/3'),
  ],
  'a commit further than a quorum': [
    /commit is 3 and must be 2/,
    at('1 Replicate 2/1/2/L/2'),
    at('1 Commit 2/1/3/L/3'),
  ],
  'an append from before what the follower is known to hold': [
    /known to hold 2/,
    at(
      '1 SendAppendEntriesRequest 2/1/2/L/2',
      'MsgApp 1>2 term=2 index=1 logTerm=1 entries=1 commit=2',
    ),
  ],
  'an append that says more than the log holds': [
    /the log ends at 2/,
    at(
      '1 SendAppendEntriesRequest 2/1/2/L/2',
      'MsgApp 1>3 term=2 index=1 logTerm=1 entries=2 commit=2',
    ),
  ],
  'an append to nobody': [
    /no other member/,
    at('1 SendAppendEntriesRequest 2/1/2/L/2', 'MsgApp 1>4 term=2 index=2 logTerm=2 commit=2'),
  ],
  'a restart without its vote': [/vote is 0 and must be 1/, at('2 InitState 2/0/1/F/2')],
  'a restart without its commit': [/commit is 1 and must be 2/, at('1 InitState 2/1/1/F/2')],
  'a restart with an entry too few': [/log is 1 and must be 2/, at('2 InitState 2/1/1/F/1')],
  'a follower that steps down': [/nothing to step down from/, at('2 BecomeFollower 2/1/1/F/2')],
  'two changes at once': [
    /not exactly one change/,
    at('1 ChangeConf 2/1/2/L/2', undefined, { kind: 'remove', nid: '3' }).replace(
      '[{"nid":"3"',
      '[{"nid":"2","action":"RemoveServer"},{"nid":"3"',
    ),
  ],
  'a change that changes nothing': [
    /changes nothing/,
    at('1 ChangeConf 2/1/2/L/2', undefined, { kind: 'add', nid: '3' }),
  ],
  'a server without a beginning': [/begins with Ready|no InitState/, at('4 Ready 0/0/0/F/0')],
  'a pre-candidate': [
    /role is unknown/,
    at('2 Ready 2/1/1/F/2').replace('StateFollower', 'StatePreCandidate'),
  ],
  'an event that nobody knows': [/unknown/, at('2 Advance 2/1/1/F/2')],
  'a joint configuration': [
    /joint/,
    at('2 Ready 2/1/1/F/2').replace('["1","2","3"],[]', '["1","2","3"],["1"]'),
  ],
};

/** Server 3 runs too, and hears of itself only. */
function runs3(): string[] {
  return [
    at('3 BecomeCandidate 2/3/1/C/1'),
    at('3 SendRequestVoteResponse 2/3/1/C/1', 'MsgVoteResp 3>3 term=2'),
    at('3 Ready 2/3/1/C/1'),
    at('3 ReceiveRequestVoteResponse 2/3/1/C/1', 'MsgVoteResp 3>3 term=2'),
  ];
}

/** The leader has another entry, and so has 2. */
function appended(): string[] {
  const append = 'MsgApp 1>2 term=2 index=2 logTerm=2 entries=1 commit=2';
  return [
    at('1 Replicate 2/1/2/L/2'),
    at('1 SendAppendEntriesResponse 2/1/2/L/3', 'MsgAppResp 1>1 term=2 index=3'),
    at('1 SendAppendEntriesRequest 2/1/2/L/3', append),
    at('1 Ready 2/1/2/L/3'),
    at('1 ReceiveAppendEntriesResponse 2/1/2/L/3', 'MsgAppResp 1>1 term=2 index=3'),
    at('2 ReceiveAppendEntriesRequest 2/1/1/F/2', append),
    at('2 Ready 2/1/2/F/3'),
    at('1 ReceiveAppendEntriesResponse 2/1/2/L/3', 'MsgAppResp 2>1 term=2 index=3'),
  ];
}

describe('rejected', () => {
  for (const [name, [reason, ...lines]] of Object.entries(REJECTED)) {
    test(name, () => {
      const acceptance = acceptTrace([...BEFORE, ...lines]);
      assert.equal(acceptance.kind, 'rejected', JSON.stringify(acceptance));
      assert.match(acceptance.reason, reason);
    });
  }
});

test('servers that start with what no quorum has are rejected before anything happens', () => {
  const lines = [at('1 InitState 1/0/2/F/2'), ...START.slice(1), at('2 Ready 1/0/1/F/1')];
  const reason = 'a quorum lacks what 1 committed';
  assert.deepEqual(acceptTrace(lines), { kind: 'rejected', line: 1, reason });
});

test('what the specification wrongly forbids is disputed, not rejected (etcd-io/raft issue 515)', () => {
  // 2 has an entry of term 3 that nobody else has; 1 commits its entry of term 2 with one of term 4.
  const lines = [
    ...START,
    ...ELECTION,
    at('1 Replicate 2/1/1/L/1'),
    at('1 Ready 2/1/1/L/2'),
    at('2 BecomeCandidate 3/2/1/C/1'),
    at('2 SendRequestVoteResponse 3/2/1/C/1', 'MsgVoteResp 2>2 term=3'),
    at('2 SendRequestVoteRequest 3/2/1/C/1', 'MsgVote 2>3 term=3 index=1 logTerm=1'),
    at('2 Ready 3/2/1/C/1'),
    at('2 ReceiveRequestVoteResponse 3/2/1/C/1', 'MsgVoteResp 2>2 term=3'),
    at('3 ReceiveRequestVoteRequest 1/0/1/F/1', 'MsgVote 2>3 term=3 index=1 logTerm=1'),
    at('3 Ready 3/2/1/F/1'),
    at('2 ReceiveRequestVoteResponse 3/2/1/C/1', 'MsgVoteResp 3>2 term=3'),
    at('2 BecomeLeader 3/2/1/L/1'),
    at('2 Replicate 3/2/1/L/1'),
    at('1 BecomeFollower 2/1/1/F/2'),
    at('1 BecomeCandidate 3/1/1/C/2'),
    at('1 BecomeCandidate 4/1/1/C/2'),
    at('1 SendRequestVoteResponse 4/1/1/C/2', 'MsgVoteResp 1>1 term=4'),
    at('1 SendRequestVoteRequest 4/1/1/C/2', 'MsgVote 1>3 term=4 index=2 logTerm=2'),
    at('1 Ready 4/1/1/C/2'),
    at('1 ReceiveRequestVoteResponse 4/1/1/C/2', 'MsgVoteResp 1>1 term=4'),
    at('3 ReceiveRequestVoteRequest 3/2/1/F/1', 'MsgVote 1>3 term=4 index=2 logTerm=2'),
    at('3 Ready 4/1/1/F/1'),
    at('1 ReceiveRequestVoteResponse 4/1/1/C/2', 'MsgVoteResp 3>1 term=4'),
    at('1 BecomeLeader 4/1/1/L/2'),
    at('1 Replicate 4/1/1/L/2'),
    at('1 SendAppendEntriesResponse 4/1/1/L/3', 'MsgAppResp 1>1 term=4 index=3'),
    at(
      '1 SendAppendEntriesRequest 4/1/1/L/3',
      'MsgApp 1>3 term=4 index=1 logTerm=1 entries=2 commit=1',
    ),
    at('1 Ready 4/1/1/L/3'),
    at('1 ReceiveAppendEntriesResponse 4/1/1/L/3', 'MsgAppResp 1>1 term=4 index=3'),
    at(
      '3 ReceiveAppendEntriesRequest 4/1/1/F/1',
      'MsgApp 1>3 term=4 index=1 logTerm=1 entries=2 commit=1',
    ),
    at('3 Ready 4/1/1/F/3'),
    at('1 ReceiveAppendEntriesResponse 4/1/1/L/3', 'MsgAppResp 3>1 term=4 index=3'),
    at('1 Commit 4/1/3/L/3'),
  ];
  const acceptance = acceptTrace(lines);
  assert.equal(acceptance.kind, 'disputed', JSON.stringify(acceptance));
  assert.equal(acceptance.line, lines.length);
});
