/**
 * The invariants of Traceetcdraft.cfg, checked after each line for the server that it changed. A
 * behaviour of the specification keeps them, so they fail only where the specification is at fault.
 */

import { demand, isQuorum, lastTerm, type Model, type ModelServer } from './model.ts';

export function checkInvariants(model: Model, changed: ModelServer): void {
  demand(
    changed.role !== 'StateLeader' || changed.commit <= changed.durable.log,
    `the leader has committed ${changed.commit} and ${changed.durable.log} are durable`,
  );
  for (const other of model.servers.values()) {
    if (other === changed) continue;
    checkLeaders(changed, other);
    for (const [one, two] of [
      [changed, other],
      [other, changed],
    ] as const) {
      checkVotable(one, two);
      checkCompleteness(one, two);
    }
    checkMatching(changed, other);
  }
  for (const server of model.servers.values()) checkHeld(model, server);
}

/** MoreThanOneLeaderInv. */
function checkLeaders(one: ModelServer, two: ModelServer): void {
  const lead = one.role === 'StateLeader' && two.role === 'StateLeader' && one.term === two.term;
  demand(!lead, `${one.id} and ${two.id} lead term ${one.term}`);
}

/** LogInv, and MoreUpToDateCorrectInv: whose log is no older holds all that the other committed. */
function checkVotable(one: ModelServer, two: ModelServer): void {
  const [ours, theirs] = [lastTerm(one.log), lastTerm(two.log)];
  const isUpToDate = ours > theirs || (ours === theirs && one.log.length >= two.log.length);
  demand(!isUpToDate || holds(one, two, two.commit), `${one.id} lacks what ${two.id} committed`);
  const both = Math.min(one.commit, two.commit);
  demand(holds(one, two, both), `${one.id} and ${two.id} have committed different entries`);
}

/** LeaderCompletenessInv, and ElectionSafetyInv: a leader's log ends last in its own term. */
function checkCompleteness(leader: ModelServer, other: ModelServer): void {
  if (leader.role !== 'StateLeader') return;
  for (let at = 0; at < other.commit; at++) {
    const entry = other.log[at]!;
    if (leader.term <= entry.term) break;
    demand(leader.log[at]?.key === entry.key, `leader ${leader.id} lacks entry ${at + 1}`);
  }
  const ownIn = ({ log }: ModelServer) => log.findLastIndex(({ term }) => term === leader.term);
  demand(
    ownIn(leader) >= ownIn(other),
    `${other.id} has more of term ${leader.term} than its leader`,
  );
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
