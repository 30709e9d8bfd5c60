/** Scenarios can fail: with the rule that it shows broken in the core, each of these does. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { mutatedCore } from '../exhaustive/mutated-core.test.support.ts';
import { playScenario } from './run.ts';
import { parseScenario } from './scenario.ts';

/** A change of one line in the compiled core, the scenario that shows it, and how it fails. */
const BROKEN: readonly {
  readonly scenario: string;
  readonly file: string;
  readonly from: string;
  readonly to: string;
  readonly fails: RegExp;
}[] = [
  {
    scenario: 'figure-8-old-term',
    file: 'leader/commit.js',
    from: 'if (log.termAt(candidate) !== node.currentTerm)',
    to: 'if (false)',
    fails: /commitOwnTerm/,
  },
  {
    scenario: 'restriction-uncommitted',
    file: 'vote.js',
    from: 'if (isBehind(candidacy.lastEntry, voter.lastEntry))',
    to: 'if (false)',
    fails: /expect traced voted .* verdict=log-is-behind\n/,
  },
  {
    scenario: 'vote-waits-for-disk',
    file: 'election.js',
    from: 'node.outbox.sendAfterWrite(reply)',
    to: 'node.outbox.send(reply)',
    fails: /voteIsDurable/,
  },
  {
    scenario: 'entries-wait-for-disk',
    file: 'outbox.js',
    from: "this.sendAfterWrite({ kind: 'appendAccepted'",
    to: "this.send({ kind: 'appendAccepted'",
    fails: /acceptanceIsDurable/,
  },
  {
    scenario: 'aba',
    file: 'log/log.js',
    from: 'this.#writes.truncateFrom(index);',
    to: '',
    fails: /expect 3 has durableIndex 1\n/,
  },
  {
    scenario: 'commit-verified-part',
    file: 'leader/replicate.js',
    from: 'const leaderCommit = smallerIndex(node.commitIndex, lastSent);',
    to: 'const leaderCommit = node.commitIndex;',
    fails: /leaderCommit=2\n/,
  },
  {
    scenario: 'read-waits-for-own-term',
    file: 'leader/read.js',
    from: 'if (!knowsWhatIsCommitted(node))',
    to: 'if (false)',
    fails: /readsAreFresh/,
  },
  {
    scenario: 'read-by-a-late-answer',
    file: 'leader/read.js',
    from: 'const isNeeded =',
    to: 'reads.asked.push(...(reads.asked.length > 0 ? reads.waiting.splice(0) : []));\nreads.readIndex = node.commitIndex;\nconst isNeeded =',
    fails: /readsAreFresh/,
  },
  {
    scenario: 'lease-read',
    file: 'leader/read.js',
    from: 'electionTimeoutMs * (1 - maxClockDrift)',
    to: 'electionTimeoutMs',
    fails: /expect read of y unanswered\n/,
  },
  {
    scenario: 'change-during-a-change',
    file: 'leader/change.js',
    from: "return isUncommitted ? 'change-under-way' : undefined;",
    to: 'return undefined;',
    fails: /changesFollow/,
  },
  {
    scenario: 'configuration-undone',
    file: 'log/log.js',
    from: 'this.configurations.truncateFrom(index);',
    to: '',
    fails: /newestIsInForce/,
  },
  {
    scenario: 'transfer-to-one-behind',
    file: 'leader/transfer.js',
    from: 'progress.get(transfer.to)?.matchIndex !== node.log.lastIndex',
    to: 'false',
    fails: /expect not in flight 1>2 timeoutNow\n/,
  },
  {
    scenario: 'snapshot-replaces-conflict',
    file: 'follower.js',
    from: 'node.log.matches({ index: snapshot.index, term: snapshot.term })',
    to: 'node.log.lastIndex >= snapshot.index',
    fails: /acceptanceIsDurable/,
  },
];

for (const { scenario, fails, ...edit } of BROKEN) {
  test(`${scenario} fails when ${edit.file} says "${edit.to}" for "${edit.from}"`, async () => {
    const file = new URL(`../../scenarios/${scenario}.scenario`, import.meta.url);
    const parsed = parseScenario(readFileSync(file, 'utf8'), scenario);
    const makeCore = await mutatedCore({ name: scenario, edits: [edit] });
    await assert.rejects(playScenario(parsed, { file: scenario, makeCore }), fails);
  });
}
