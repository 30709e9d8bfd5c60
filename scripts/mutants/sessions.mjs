/** Commands that apply once, and clusters out of a survivor (dissertation §6.3; hazards 24, 30, 32). */

const TABLE = 'wire/src/sessions/session-table.test.ts';
const MACHINE = 'node/src/sessions/session-machine.test.ts';
const SESSIONS = 'node/src/sessions/sessions.test.ts';
const RECOVERY = 'node/src/recovery/recovery-crash-points.test.ts';

export const sessions = [
  {
    id: 'session-applies-again',
    hazards: [32],
    wrong: 'a serial number that was applied is applied again',
    file: 'wire/src/sessions/session-table.ts',
    before: 'if (responses.has(serial)) {',
    after: 'if (responses.has(-serial)) {',
    test: [TABLE, 'a serial number is applied once, whatever order it comes in and however often'],
  },
  {
    id: 'session-straggler',
    hazards: [32],
    wrong: 'a straggler is applied after its answer was forgotten',
    file: 'wire/src/sessions/session-table.ts',
    before: "if (serial < state.firstOutstanding) return { kind: 'forgotten' };",
    after: "if (serial < 0) return { kind: 'forgotten' };",
    test: [TABLE, 'what is acknowledged is forgotten, and a straggler of it is not applied'],
  },
  {
    id: 'session-clock-unbounded',
    hazards: [32],
    wrong: 'one word of a leader moves replicated time by as much as it says',
    file: 'wire/src/sessions/session-table.ts',
    before: 'this.#timeMs += Math.min(elapsedMs, largest);',
    after: 'this.#timeMs += Math.max(elapsedMs, largest);',
    test: [
      TABLE,
      'a leader whose clock has gone mad ends no session that showed life since its last word',
    ],
  },
  {
    id: 'session-oldest-goes',
    hazards: [32],
    wrong: 'the session that was opened first makes room, busy or not',
    file: 'wire/src/sessions/session-table.ts',
    before: 'this.#sessions.delete(session);\n    this.#sessions.set(session, state);',
    after: 'this.#sessions.set(session, state);',
    test: [TABLE, 'when too many are open, the one that was idle longest makes room'],
  },
  {
    id: 'session-not-in-snapshot',
    hazards: [32],
    wrong: 'snapshots leave the sessions out',
    file: 'node/src/sessions/session-machine.ts',
    before: 'return withSessionTable(encodeSessionTable(this.#table), this.#machine.snapshot());',
    after:
      'return withSessionTable(encodeSessionTable(new SessionTable()), this.#machine.snapshot());',
    test: [MACHINE, 'a snapshot carries the sessions, however its bytes are cut'],
  },
  {
    id: 'session-answers-not-restored',
    hazards: [32],
    wrong: 'a snapshot brings the sessions without what they were answered',
    file: 'wire/src/sessions/session-table-codec.ts',
    before: 'responses.set(numberAt(bytes, at), response);',
    after: 'responses.delete(numberAt(bytes, at) + response.length);',
    test: 40,
  },
  {
    id: 'session-renewed-by-nothing',
    hazards: [32],
    wrong: 'a session that has ended begins anew with the next command of it',
    file: 'wire/src/sessions/session-table.ts',
    before:
      'const state = this.#sessions.get(session);\n    if (state === undefined) return undefined;',
    after:
      'if (!this.#sessions.has(session)) this.#open(session as LogIndex, 1_000, 100);\n    const state = this.#sessions.get(session);\n    if (state === undefined) return undefined;',
    test: 40,
  },
  {
    id: 'session-rows-behind-data',
    hazards: [24, 32],
    wrong: 'an on-disk machine saves the sessions as they were before its commands',
    file: 'node/src/sessions/session-machine.ts',
    before:
      'portion.complete(results, this.#table);\n      return changedSessionRows(this.#table);',
    after:
      'const rows = changedSessionRows(this.#table);\n      portion.complete(results, this.#table);\n      return rows;',
    test: [
      MACHINE,
      'an on-disk machine that crashes around any transaction ends like one that does not',
    ],
  },
  {
    id: 'session-outlives-node',
    hazards: [32],
    wrong: 'a session goes on proposing to a node that has ended',
    file: 'node/src/sessions/sessions.ts',
    before: 'if (this.#end !== undefined) return Promise.reject(this.#end);',
    after: 'if (this.#end?.code === undefined) this.#end = undefined;',
    test: [SESSIONS, 'a command that is open when its node ends has an unknown outcome'],
    dies: 'hang',
  },
  {
    id: 'session-resumed-afresh',
    hazards: [32],
    wrong:
      'whoever resumes a session is told that a command was not applied, which the process before may have proposed',
    file: 'node/src/sessions/session.ts',
    before: '      this.#isResumed,\n    );',
    after: '      false,\n    );',
    test: [SESSIONS, 'one session too many ends the one that was idle longest'],
  },
  {
    id: 'session-resumed-surely-lost',
    hazards: [32],
    wrong: 'a resumed session that has ended says of every later command that it was not applied',
    file: 'node/src/sessions/session.ts',
    before: "this.#finish(error(this.#isResumed ? 'unknown' : 'not applied'));",
    after: "this.#finish(error('not applied'));",
    test: [SESSIONS, 'one session too many ends the one that was idle longest'],
  },
  {
    id: 'session-refusal-takes-number',
    hazards: [32],
    wrong:
      'a resumed session gives up a command that is refused, though it may have been applied before',
    file: 'node/src/sessions/session.ts',
    before: 'if (!isRepeated || error.code',
    after: 'if (!isRepeated || wasProposed || error.code',
    test: [
      SESSIONS,
      'a resumed session stays with its number when it is refused: it may have been applied before',
    ],
    dies: 'RAFT_PROPOSAL_DROPPED',
  },
  {
    id: 'recovery-log-first',
    hazards: [30],
    wrong: 'a recovery changes the log before the cluster id',
    file: 'node/src/recovery/recover-cluster.ts',
    before:
      'await writeIdentity(fileSystem, directory, recovered);\n  await finishRecovery(fileSystem, directory, recovered);',
    after:
      'await finishRecovery(fileSystem, directory, recovered);\n  await writeIdentity(fileSystem, directory, recovered);',
    test: [
      RECOVERY,
      'a recovery cut at every byte of every change leaves the old server or the new cluster',
    ],
  },
  {
    id: 'recovery-lets-back-in',
    hazards: [30],
    wrong: 'members that a recovery left out may come back under their ids',
    file: 'node/src/recovery/first-entry.ts',
    before: 'const configuration = { ...configurationOf([nodeId]), removed };',
    after: 'const configuration = { ...configurationOf([nodeId]), removed: removed.slice(0, 0) };',
    test: [
      RECOVERY,
      'a recovery cut at every byte of every change leaves the old server or the new cluster',
    ],
  },
  {
    id: 'recovery-same-incarnation',
    hazards: [30],
    wrong:
      'a recovered server cannot be told from one that was recovered from a copy of its directory',
    file: 'node/src/recovery/recover-cluster.ts',
    before: 'incarnation: drawIncarnation(),',
    after: '',
    test: [
      'node/src/recovery/recover-cluster.test.ts',
      'a directory and its copy, recovered into one cluster id, are servers that can be told apart',
    ],
  },
  {
    id: 'recovery-other-log',
    hazards: [30],
    wrong: 'a recovery goes ahead though the log does not end where it was said to',
    file: 'node/src/recovery/recover-cluster.ts',
    before:
      'if (keepThrough.index === lastEntry.index && keepThrough.term === lastEntry.term) return;',
    after: 'if (keepThrough.index >= 0 || keepThrough.term === lastEntry.term) return;',
    test: [RECOVERY, 'a recovery that would not do what was asked for is refused'],
  },
  {
    id: 'recovery-state-lost',
    hazards: [30],
    wrong: 'a recovery keeps a log though the state before its first entry is lost',
    file: 'node/src/recovery/kept-state.ts',
    before: 'if (indexes.includes(snapshotIndex)) return;',
    after: 'if (indexes.length >= 0) return;',
    test: [RECOVERY, 'a log that begins behind the state machine is not kept without a snapshot'],
  },
];
