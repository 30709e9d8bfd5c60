/**
 * The invariants of Traceetcdraft.cfg, checked after each line for the server that it changed.
 *
 * Two of them do not hold of Raft, and TLC stops where they fail: MoreUpToDateCorrectInv forgets that
 * a log's last entry may be newer than one that was committed later (etcd-io/raft issue 515), and
 * LeaderCompletenessInv takes the term of an entry for the term in which it was committed.
 */

import { Disputed, demand, isQuorum, lastTerm, type Model, type ModelServer } from './model.ts';

export function checkInvariants(model: Model, changed: ModelServer): void {
  demand(
    changed.role !== 'StateLeader' || changed.commit <= changed.durable.log,
    `the leader has committed ${changed.commit} and ${changed.durable.log} are durable`,
  );
  const others = [...model.servers.values()].filter((server) => server !== changed);
  for (const other of others) {
    checkLeaders(changed, other);
    checkCommitted(changed, other);
    checkElection(changed, other);
    checkElection(other, changed);
    checkMatching(changed, other);
  }
  for (const server of model.servers.values()) checkHeld(model, server);
  for (const other of others) {
    checkVotable(changed, other);
    checkVotable(other, changed);
    checkCompleteness(changed, other);
    checkCompleteness(other, changed);
  }
}

/** MoreThanOneLeaderInv. */
function checkLeaders(one: ModelServer, two: ModelServer): void {
  const lead = one.role === 'StateLeader' && two.role === 'StateLeader' && one.term === two.term;
  demand(!lead, `${one.id} and ${two.id} lead term ${one.term}`);
}

/** LogInv. */
function checkCommitted(one: ModelServer, two: ModelServer): void {
  const both = Math.min(one.commit, two.commit);
  demand(holds(one, two, both), `${one.id} and ${two.id} have committed different entries`);
}

/** MoreUpToDateCorrectInv: whose log is no older holds all that the other committed. */
function checkVotable(one: ModelServer, two: ModelServer): void {
  const [ours, theirs] = [lastTerm(one.log), lastTerm(two.log)];
  const isUpToDate = ours > theirs || (ours === theirs && one.log.length >= two.log.length);
  if (!isUpToDate || holds(one, two, two.commit)) return;
  throw new Disputed(`MoreUpToDateCorrectInv: ${one.id} lacks what ${two.id} committed`);
}

/** ElectionSafetyInv: nobody has more of a leader's term than the leader. */
function checkElection(leader: ModelServer, other: ModelServer): void {
  if (leader.role !== 'StateLeader') return;
  const ownIn = ({ log }: ModelServer) => log.findLastIndex(({ term }) => term === leader.term);
  const hasAll = ownIn(leader) >= ownIn(other);
  demand(hasAll, `${other.id} has more of term ${leader.term} than its leader`);
}

/** LeaderCompletenessInv: a leader holds what is committed of earlier terms. */
function checkCompleteness(leader: ModelServer, other: ModelServer): void {
  if (leader.role !== 'StateLeader') return;
  for (let at = 0; at < other.commit; at++) {
    const entry = other.log[at]!;
    if (leader.term <= entry.term) break;
    if (leader.log[at]?.key === entry.key) continue;
    throw new Disputed(`LeaderCompletenessInv: leader ${leader.id} lacks entry ${at + 1}`);
  }
}

/** LogMatchingInv: equal terms at one index, equal up to there. */
function checkMatching(one: ModelServer, two: ModelServer): void {
  let index = Math.min(one.log.length, two.log.length);
  while (index > 0 && one.log[index - 1]!.term !== two.log[index - 1]!.term) index--;
  demand(holds(one, two, index), `the logs of ${one.id} and ${two.id} differ before ${index}`);
}

/** QuorumLogInv: no quorum is without what this server has committed. */
function checkHeld(model: Model, server: ModelServer): void {
  const { voters } = server.configuration;
  const without = voters.filter((id) => !holds(model.at(id), server, server.commit));
  demand(!isQuorum(without.length, voters), `a quorum lacks what ${server.id} committed`);
}

/** Does `one` hold the first `count` entries of `two`? */
function holds(one: ModelServer, two: ModelServer, count: number): boolean {
  if (one.log === two.log) return true;
  if (one.log.length < count) return false;
  for (let at = count - 1; at >= 0; at--) {
    if (one.log[at]!.key !== two.log[at]!.key) return false;
  }
  return true;
}
