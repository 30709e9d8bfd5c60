/** The loop around the core, its callers and its peers (hazards 3, 8, 20, 26, 27, 31, 32). */

const RAFT_LOOP = 'node/src/loop/raft-loop.test.ts';
const FAULTS = 'node/src/faults.test.ts';
const PLACED = 'node/src/calls/placed-proposals.test.ts';

export const runtime = [
  {
    id: 'promise-by-oldest-write',
    hazards: [3, 7],
    wrong: 'a promise waits for the oldest write and not for its own',
    file: 'node/src/loop/write-queue.ts',
    before: 'const newest = this.#pending.at(-1);',
    after: 'const newest = this.#pending.at(0);',
    test: [
      'node/src/loop/write-queue.test.ts',
      'a promise about the disk leaves when its write and all before it are durable',
    ],
  },
  {
    id: 'promise-before-write',
    hazards: [3, 7],
    wrong: 'promises about the disk leave while the write is under way',
    file: 'node/src/loop/raft-loop.ts',
    before: 'this.#sendAll(this.#writes.hold(effects.messagesAfterWrite), now);',
    after: 'this.#sendAll(effects.messagesAfterWrite, now);',
    test: [RAFT_LOOP, 'while a write is under way the loop goes on, and its promises wait'],
  },
  {
    id: 'failure-swallowed',
    hazards: [8, 26],
    wrong: 'a server whose write has failed goes on',
    file: 'node/src/loop/raft-loop.ts',
    before: 'this.#takeTurn(now);\n    } catch (error) {\n      this.#host.failed(error);',
    after: 'this.#takeTurn(now);\n    } catch (error) {',
    test: [
      RAFT_LOOP,
      'a failed write ends the server, and what it would have promised is not said (hazards 8, 26)',
    ],
  },
  {
    id: 'failure-unheard',
    hazards: [8, 26],
    wrong: 'a server whose write fails later goes on',
    file: 'node/src/loop/raft-loop.ts',
    before: 'failed(error: RaftError): void {\n    this.#host.failed(error);',
    after: 'failed(error: RaftError): void {',
    test: [RAFT_LOOP, 'a write that fails later ends the server too (hazards 8, 26)'],
  },
  {
    id: 'stalled-but-loud',
    hazards: [31],
    wrong: 'a leader whose disk hangs keeps its followers patient',
    file: 'node/src/loop/raft-loop.ts',
    before: 'else if (this.#isMute || !transport.send(message)) notSent(message, now);',
    after: 'else if (!transport.send(message)) notSent(message, now);',
    test: [
      RAFT_LOOP,
      'a server whose disk owes an answer for too long is silent until it comes (hazard 31)',
    ],
  },
  {
    id: 'clock-before-heartbeat',
    hazards: [20],
    wrong: 'after a pause the clock is looked at before what has arrived',
    file: 'node/src/loop/raft-loop.ts',
    before: 'this.#isTimeDue = true;',
    after: "this.#inbox.push({ kind: 'timePassed' });",
    test: [
      RAFT_LOOP,
      'what arrives while a timer has fired is heard before the clock, whenever it came (hazard 20)',
    ],
  },
  {
    id: 'full-disk-takes-commands',
    hazards: [27],
    wrong: 'commands are taken when the disk is full',
    file: 'node/src/calls/proposals.ts',
    before: 'if (this.#isDiskFull()) {',
    after: 'if (this.#isDiskFull() && !this.#raft.isLeader) {',
    test: [FAULTS, 'a full disk refuses commands, and nothing else'],
  },
  {
    id: 'full-disk-takes-entries',
    hazards: [27],
    wrong: 'a follower takes entries when its disk is full',
    file: 'node/src/runtime.ts',
    before: 'const taken = isTooMuch ? { ...message, batches: [] } : message;',
    after: 'const taken = isTooMuch ? { ...message } : message;',
    test: [FAULTS, 'a follower with a full disk keeps its leader and takes in nothing'],
  },
  {
    id: 'lost-is-success',
    hazards: [32],
    wrong: 'a command is answered with the result of another entry at its index',
    file: 'node/src/calls/placed-proposals.ts',
    before: 'if (term !== range.term) this.#onLost',
    after: 'if (term > range.term) this.#onLost',
    test: [PLACED, 'an entry of another term at its index means that a proposal is lost'],
  },
  {
    id: 'unknown-is-success',
    hazards: [32],
    wrong: 'what became of a command that a snapshot skips is not told',
    file: 'node/src/calls/placed-proposals.ts',
    before: 'if (firstIndex + at <= index) call?.fail(error());',
    after: 'if (firstIndex + at < index) call?.fail(error());',
    test: [PLACED, 'what a snapshot skips is failed, and what lies behind it waits on'],
  },
  {
    id: 'applied-not-yet',
    hazards: [20],
    wrong: 'a confirmed read is served before its index is applied',
    file: 'node/src/calls/reads.ts',
    before: 'if (reads.readIndex > this.#appliedIndex) this.#confirmed.push(reads);',
    after: 'if (reads.readIndex < this.#appliedIndex) this.#confirmed.push(reads);',
    test: [
      'node/src/calls/reads.test.ts',
      'a confirmed read waits until its index is applied (hazard 20)',
    ],
  },
];
