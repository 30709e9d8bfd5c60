/** Groups at rest (core's rest.ts): silence that must promise nothing. */

const REST = 'core/src/rest.test.ts';

export const rest = [
  {
    id: 'rest-without-log',
    hazards: [6],
    wrong: 'a follower that lacks the leader’s last entry rests, and takes it for committed',
    file: 'core/src/rest.ts',
    before: 'if (!node.log.matches({ index, term: logTerm })) return;',
    after: '',
    test: [REST, 'a follower that lacks an entry does not rest, nor does its leader'],
  },
  {
    id: 'rest-uncommitted',
    hazards: [2],
    wrong: 'what all hold is taken for committed when a group rests',
    file: 'core/src/rest.ts',
    before: 'if (commitIndex !== log.lastIndex || commitIndex !== log.durableIndex) return false;',
    after: '',
    test: [REST, 'what all hold but nobody has committed is no ground to rest (§5.4.2, Figure 8)'],
  },
  {
    id: 'rest-outlives-the-leader',
    hazards: [],
    wrong: 'a follower at rest sleeps on when its leader’s host is gone',
    file: 'core/src/election.ts',
    before: "if (role.kind === 'follower' && role.leaderId === peer) wake(node);",
    after: "if (role.kind === 'follower' && role.electionDeadline === Infinity) return;",
    test: 40,
    dies: 'NotAtRest',
  },
  {
    id: 'rest-by-late-answer',
    hazards: [],
    wrong: 'who accepted an earlier offer of rest rests behind a longer log',
    file: 'core/src/rest.ts',
    before: 'if (message.index === log.lastIndex) progress.restIndex = message.index;',
    after: 'progress.restIndex = message.index;',
    test: [REST, 'who accepted before the log grew has accepted nothing'],
  },
  {
    id: 'rest-offered-to-absent',
    hazards: [],
    wrong: 'who has been away is offered rest, in which no word says that it lacks something',
    file: 'core/src/rest.ts',
    before: 'return mayRest(node) && !isAway(node, follower, progress);',
    after: 'return mayRest(node);',
    test: [REST, 'one that is away is asked with each heartbeat, and not offered rest'],
  },
  {
    id: 'rest-without-the-silent',
    hazards: [],
    wrong:
      'a leader that was frozen takes all for gone, and rests without those of whom nobody says that they are back',
    file: 'core/src/rest.ts',
    before: 'return node.unreachable.includes(follower) && isSilent(node, progress);',
    after: 'return isSilent(node, progress);',
    test: [
      REST,
      'one that comes late and asks for votes gets the log, though nobody says that its host is back',
    ],
  },
  {
    id: 'awaited-commit-untold',
    hazards: [],
    wrong: 'a follower whose client waits for a commit hears of it with the next heartbeat only',
    file: 'core/src/leader/replicate.ts',
    before: 'return sentCommit < awaitedCommit && awaitedCommit <= commitIndex;',
    after: 'return false;',
    test: [
      'core/src/forward.test.ts',
      'where a client waits for what it passed on, the commit is known at once; elsewhere with the heartbeat',
    ],
  },
];
