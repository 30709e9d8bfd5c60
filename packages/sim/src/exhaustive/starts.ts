/** States from which a walk may begin, as the choices that lead there: so it is a state that happens. */

/**
 * Figure 8 (b) of the paper, for three servers and a prompt disk: entry 1 is server 1's of term 1 on
 * server 1, and server 3's of term 2 on server 3, and neither is on server 2. One of them may be
 * replicated by a leader of term 3, which must not count that as committed.
 */
export const FIGURE_8B: readonly string[] = [
  '1 deadline',
  '2 requestVote from 1 term 1 last 0@0',
  '1 requestVoteReply from 2 term 1 yes',
  '1 propose a',
  '3 deadline',
  '3 deadline',
  '2 requestVote from 3 term 2 last 0@0',
  '3 requestVoteReply from 2 term 2 yes',
  '3 propose b',
];

/** Server 1 leads term 1 and the other two know it; nothing is proposed. For a slow disk. */
export const LED: readonly string[] = [
  '1 deadline',
  '1 written',
  '2 requestVote from 1 term 1 last 0@0',
  '2 written',
  '1 requestVoteReply from 2 term 1 yes',
  '2 appendEntries from 1 term 1 after 0@0 [1-] commit 0 age 0',
  '3 appendEntries from 1 term 1 after 0@0 [1-] commit 0 age 0',
];

/** Server 1 leads term 1, and its first entry, on all three, is committed. For a prompt disk. */
export const COMMITTED: readonly string[] = [
  '1 deadline',
  '2 requestVote from 1 term 1 last 0@0',
  '1 requestVoteReply from 2 term 1 yes',
  '2 appendEntries from 1 term 1 after 0@0 [1-] commit 0 age 0',
  '3 appendEntries from 1 term 1 after 0@0 [1-] commit 0 age 0',
  '1 appendAccepted from 2 term 1 match 1 age 0',
];

/**
 * Figure 8 (c): server 1 leads again, in term 3, and has found out that server 2 lacks its entry of
 * term 1; server 3 is about to run.
 */
export const FIGURE_8C: readonly string[] = [
  ...FIGURE_8B,
  '1 requestVote from 3 term 2 last 0@0',
  '1 deadline',
  '2 requestVote from 1 term 3 last 1@1',
  '3 requestVote from 1 term 3 last 1@1',
  '1 requestVoteReply from 2 term 3 yes',
  '2 appendEntries from 1 term 3 after 1@1 [] commit 0 age 0',
  '1 appendRejected from 2 term 3 at 1 hint 0@0 age 0',
];

/** An append with two entries is accepted, and one with the first of them is still under way. For a prompt disk. */
export const APPEND_OVERTAKEN: readonly string[] = [
  '3 deadline',
  '1 requestVote from 3 term 1 last 0@0',
  '3 requestVoteReply from 1 term 1 yes',
  '3 deadline',
  '2 appendEntries from 3 term 1 after 0@0 [] commit 0 age 0',
  '3 propose a',
  '3 appendAccepted from 2 term 1 match 0 age 0',
  '2 appendEntries from 3 term 1 after 0@0 [1-,1a] commit 0 age 0',
];

/**
 * Server 1 leads and is about to doubt what server 2 acknowledged: a refusal of before is still under
 * way. For a prompt disk, with no empty entries.
 */
export const IN_DOUBT: readonly string[] = [
  '1 deadline',
  '2 requestVote from 1 term 1 last 0@0',
  '1 requestVoteReply from 2 term 1 yes',
  '2 appendEntries from 1 term 1 after 0@0 [] commit 0 age 0',
  '1 appendAccepted from 2 term 1 match 0 age 0',
  '1 propose a',
  '1 deadline',
  '2 appendEntries from 1 term 1 after 1@1 [] commit 0 age 0',
  '2 appendEntries from 1 term 1 after 0@0 [1a] commit 0 age 0',
  '1 appendAccepted from 2 term 1 match 1 age 0',
  '1 appendRejected from 2 term 1 at 1 hint 0@0 age 0',
];
