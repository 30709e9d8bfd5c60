/** What must hold in every run. The text says what it means and where the paper says so. */
export const PROPERTIES = {
  electionSafety: 'at most one leader can be elected in a given term (Figure 3, §5.2)',
  logMatching: 'logs that share an entry are identical up to it (Figure 3, §5.3)',
  leaderCompleteness: 'a leader has every entry committed in earlier terms (Figure 3, §5.4)',
  stateMachineSafety: 'no two servers apply different entries at one index (Figure 3, §5.4.3)',
  appliedOnce: 'what a client offered once is applied once at most (§8)',
  linearizable: 'operations take effect once, between their call and their answer (§8)',
  sameAnswer: 'a command that is asked for again is answered as it was applied (dissertation §6.3)',
  sessionsStayEnded: 'a session that has ended takes nothing more (dissertation §6.3)',
  refusedIsNotDone: 'what was refused, or overwritten, takes no effect (§8)',
  nothingIsLost: 'what a client was told is done stays done (§5.4)',
  commitNeedsQuorum:
    'what a leader commits is on the disks of a majority, in a change of two (§5.3, §6)',
  rolesFollow: 'followers run, candidates win, leaders step down, and nothing else (Figure 4)',
  indexesAreOrdered: 'applied, committed and last index stand in this order (Figure 2)',
  changesFollow: 'one change of membership at a time, after a commit in the own term (§6)',
  newestIsInForce: 'the newest configuration in the log is in force, committed or not (§6)',
  readsAreFresh: 'a read sees all that was committed when it was asked for (dissertation §6.4)',
  leaseIsKept: 'who has answered a leader elects nobody else for a while (dissertation §6.4.1)',
  appliedIsDurable: 'what the state machine is given is on its own disk (effects.ts)',
  committedIsImmutable: 'a committed entry is never removed or changed (§5.4.3)',
  oneVotePerTerm: 'a server votes once in a term, also across restarts (§5.2)',
  voteIsDurable: 'a vote is on the disk before it is given (Figure 2, Persistent state)',
  acceptanceIsDurable: 'entries are on the disk before they are accepted (Figure 2)',
  termNeverFalls: 'currentTerm only grows, also across restarts (§5.1)',
  commitNeverFalls: 'commitIndex only grows while a server runs (Figure 2)',
} as const;

export class PropertyViolation extends Error {
  override readonly name = 'PropertyViolation';
  readonly property: keyof typeof PROPERTIES;

  constructor(property: keyof typeof PROPERTIES, evidence: string) {
    super(`${property}: ${PROPERTIES[property]}; ${evidence}`);
    this.property = property;
  }
}
