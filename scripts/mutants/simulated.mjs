/**
 * Bugs that a random run finds by what goes wrong in the end, with nobody knowing the line: a few, for
 * seeds cost more than a test that is aimed.
 */

export const simulated = [
  {
    id: 'vote-kept-over-terms',
    hazards: [3],
    wrong: 'a vote is kept when a new term begins',
    file: 'core/src/state.ts',
    before: 'this.#currentTerm = term;\n    this.#votedFor = undefined;',
    after: 'this.#currentTerm = term;',
    test: 40,
  },
  {
    id: 'commit-by-fastest',
    hazards: [7],
    wrong: 'an entry is committed when the fastest disk has it',
    file: 'core/src/quorum/majority.ts',
    before: 'if (2 * reachedBy > voters.length) greatest = value;',
    after: 'greatest = value;',
    test: 40,
  },
  {
    id: 'read-unconfirmed',
    hazards: [20],
    wrong: 'a leader answers reads without asking whether it still leads',
    file: 'core/src/leader/read.ts',
    before: 'quorumRound(node) >= reads.askedRound',
    after: 'quorumRound(node) >= 0',
    test: 40,
  },
  {
    id: 'read-of-the-past',
    hazards: [20],
    wrong: 'a follower serves a confirmed read before it has applied so far',
    file: 'core/src/read-requests.ts',
    before: "outbox.answerRead({ kind: 'ready', id, readIndex });",
    after:
      "outbox.answerRead({ kind: 'ready', id, readIndex: (readIndex - readIndex) as typeof readIndex });",
    test: 40,
  },
];
