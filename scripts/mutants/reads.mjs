/** Linearizable reads and leases (§8, dissertation §6.4; hazards 14, 19, 20, 21, 22). */

const READ = 'core/src/leader/read.test.ts';

export const reads = [
  {
    id: 'read-before-commit',
    hazards: [19],
    wrong: 'a new leader serves reads before it has committed in its term',
    file: 'core/src/leader/read.ts',
    before: 'if (!knowsWhatIsCommitted(node)) return;',
    after: '',
    test: [READ, 'a new leader reads only after its first commit (§8, hazard 19)'],
  },
  {
    id: 'read-by-older-answer',
    hazards: [20],
    wrong: 'an answer to an earlier question confirms a read',
    file: 'core/src/leader/read.ts',
    before: 'quorumRound(node) >= reads.askedRound',
    after: 'quorumRound(node) >= reads.askedRound - 1',
    test: [READ, 'a read is answered when a quorum has answered a question asked after it (§6.4)'],
  },
  {
    id: 'read-after-lost-lead',
    hazards: [20],
    wrong: 'reads that wait are answered when the lead is lost',
    file: 'core/src/state.ts',
    before: "if (read.follower === undefined) outbox.answerRead({ kind: 'dropped', id: read.id });",
    after:
      "if (read.follower === undefined) outbox.answerRead({ kind: 'ready', id: read.id, readIndex: role.reads.readIndex });",
    test: [
      READ,
      'a leader cut off from its quorum answers no read, and gives it back when it steps down',
    ],
  },
  {
    id: 'read-by-stranger',
    hazards: [20],
    wrong: 'an answer that fits no question answers those that wait',
    file: 'core/src/read-requests.ts',
    before: 'if (!readsAtLeader.has(message.id)) return;',
    after: '',
    test: [READ, 'an answer to a question asked before a restart answers nothing'],
  },
  {
    id: 'lease-from-answer',
    hazards: [21],
    wrong: 'a lease counts from the answer and not from the question',
    file: 'core/src/leader/read.ts',
    before: 'return node.now < newest.at + electionTimeoutMs * (1 - maxClockDrift);',
    after:
      'const heard = [...node.role.progress.values()].map((of) => of.lastHeardAt);\n  return node.now < Math.max(newest.at, ...heard) + electionTimeoutMs * (1 - maxClockDrift);',
    test: [READ, 'a lease counts from the question, not from its answer'],
  },
  {
    id: 'lease-without-drift',
    hazards: [21],
    wrong: 'a lease lasts as long as the voters’ promise, drift or not',
    file: 'core/src/leader/read.ts',
    before: 'electionTimeoutMs * (1 - maxClockDrift);',
    after: 'electionTimeoutMs * (1 - maxClockDrift * 0);',
    test: [READ, 'a lease ends before anyone may elect another, by the allowed drift (hazard 21)'],
  },
  {
    id: 'lease-and-broken-link',
    hazards: [21],
    wrong: 'under leases a broken connection ends a voter’s promise',
    file: 'core/src/election.ts',
    before: "if (leaseReads || role.kind !== 'follower' || role.leaderId !== peer) return;",
    after:
      "if ((leaseReads && peer === node.id) || role.kind !== 'follower' || role.leaderId !== peer) return;",
    test: ['core/src/election.test.ts', 'under leases a broken connection shortens no promise'],
  },
  {
    id: 'lease-after-transfer',
    hazards: [14],
    wrong: 'a leader that has told another to run still reads under its lease',
    file: 'core/src/leader/transfer.ts',
    before: 'node.role.reads.mayLease = false;',
    after: '',
    test: [READ, 'no lease once the lead was offered to another (hazard 14)'],
  },
  {
    id: 'promise-ends-at-restart',
    hazards: [22],
    wrong: 'a restarted voter votes at once, whatever it had promised',
    file: 'core/src/state.ts',
    before: 'from.options.leaseReads && from.hardState.term > 0;',
    after: 'from.options.leaseReads && from.hardState.term < 0;',
    test: [READ, 'a restarted voter keeps the promise it may have given (hazard 22)'],
  },
  {
    id: 'only-voter-promises-nothing',
    hazards: [22],
    wrong: 'the only voter of an uncommitted configuration runs at once, whatever it had promised',
    file: 'core/src/state.ts',
    before: 'follower.electionDeadline = this.votesFrom;',
    after: 'follower.electionDeadline = this.now;',
    test: [READ, 'the only voter keeps it too: the lead may just be passing to it (hazard 22)'],
  },
];
