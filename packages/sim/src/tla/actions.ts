/**
 * What a server may do of itself, by etcd-io/raft's specification: the actions of etcdraft.tla but
 * for the receipt of messages. Each is checked against the state before it and leaves the one after.
 */

import { NOBODY } from './line.ts';
import {
  demand,
  durableOf,
  entryOf,
  isQuorum,
  lastTerm,
  type Model,
  type ModelConfiguration,
  type ModelMessage,
  type ModelServer,
  type Subtype,
  termAt,
} from './model.ts';

/** Everything but what was durable is lost, and so is what waited to be sent. */
export function restart(model: Model, server: ModelServer): void {
  const { durable, log } = server;
  // The specification would read past the end of the log.
  demand(
    durable.log <= log.length,
    `a restart with ${durable.log} entries, ${log.length} are there`,
  );
  model.pending.take(server.id);
  Object.assign(server, {
    role: 'StateFollower',
    responded: new Set(),
    granted: new Set(),
    match: new Map(),
    pendingChange: 0,
    term: durable.term,
    vote: durable.vote,
    log: log.slice(0, durable.log),
    commit: durable.commit,
    configuration: durable.configuration,
  });
}

/** Term and vote change at once, and the votes are counted anew. */
export function timeout(_: Model, server: ModelServer): void {
  const { id, role, term, configuration } = server;
  demand(role !== 'StateLeader', 'a leader does not run');
  demand(configuration.voters.includes(id), 'only a voter may run');
  const nobody = new Set<string>();
  Object.assign(server, {
    role: 'StateCandidate',
    term: term + 1,
    vote: id,
    responded: nobody,
    granted: nobody,
  });
}

/** A candidate asks for a vote, or gives itself its own, which is a message too. */
export function requestVote(server: ModelServer, to: string): ModelMessage {
  const { id: from, role, term, log, configuration, responded } = server;
  demand(role === 'StateCandidate', 'only a candidate asks for votes');
  demand(isMember(configuration, to), `${to} is no member`);
  demand(!responded.has(to), `${to} has answered already`);
  if (from === to) return { kind: 'voteResponse', from, to, term, isGranted: true };
  const [lastIndex, last] = [log.length, lastTerm(log)];
  return { kind: 'voteRequest', from, to, term, lastIndex, lastTerm: last };
}

export function becomeLeader(model: Model, server: ModelServer): void {
  const { id, role, granted, configuration, log } = server;
  demand(role === 'StateCandidate', 'only a candidate becomes leader');
  const votes = [...granted];
  const areVoters = votes.every((voter) => configuration.voters.includes(voter));
  demand(
    areVoters && isQuorum(votes.length, configuration.voters),
    `votes of ${votes.join()} only`,
  );
  server.role = 'StateLeader';
  server.match = new Map([...model.servers.keys()].map((to) => [to, to === id ? log.length : 0]));
}

/** A leader appends an entry that is no configuration. */
export function replicate(_: Model, server: ModelServer): void {
  demand(server.role === 'StateLeader', 'only a leader appends');
  server.log = [...server.log, entryOf(server.term)];
}

export interface AppendRange {
  readonly subtype: Subtype;
  readonly prevIndex: number;
  /** Of entries after `prevIndex`. */
  readonly count: number;
}

export function sendAppend(server: ModelServer, to: string, range: AppendRange): ModelMessage {
  const { id: from, role, term, log, commit, configuration, match } = server;
  const { subtype, prevIndex, count } = range;
  demand(role === 'StateLeader', 'only a leader sends entries');
  demand(from !== to && isMember(configuration, to), `${to} is no other member`);
  const known = match.get(to) ?? 0;
  demand(subtype !== 'app' || prevIndex >= known, `${to} is known to hold ${known}`);
  const isCommitted = count >= 1 && count <= commit;
  demand(subtype !== 'snapshot' || isCommitted, 'a snapshot is of what is committed');
  demand(prevIndex + count <= log.length, `the log ends at ${log.length}`);
  return {
    kind: 'appendRequest',
    from,
    to,
    term,
    subtype,
    prevIndex,
    prevTerm: termAt(log, prevIndex),
    entries: log.slice(prevIndex, prevIndex + count),
    commit: Math.min(commit, subtype === 'heartbeat' ? known : prevIndex + count),
  };
}

/** A leader tells itself what it holds; it counts itself by this message. */
export function appendToSelf({ id, role, term, log }: ModelServer): ModelMessage {
  demand(role === 'StateLeader', 'only a leader counts itself');
  const [kind, subtype, isSuccess] = ['appendResponse', 'app', true] as const;
  return { kind, from: id, to: id, term, subtype, isSuccess, match: log.length };
}

/** As far as a quorum allows and not one entry less; only by an entry of the leader's own term. */
export function advanceCommit(_: Model, server: ModelServer): void {
  const { role, log, term, configuration, match } = server;
  demand(role === 'StateLeader', 'only a leader counts');
  const { voters } = configuration;
  const held = voters.map((voter) => match.get(voter) ?? 0).sort((a, b) => b - a);
  const agreed = Math.min(held[Math.floor(voters.length / 2)] ?? 0, log.length);
  if (agreed > 0 && termAt(log, agreed) === term) server.commit = Math.max(server.commit, agreed);
}

/** All of this server becomes durable, and all that it has to say leaves. */
export function ready(model: Model, server: ModelServer): void {
  server.durable = durableOf(server);
  for (const [message, count] of model.pending.take(server.id)) model.inFlight.add(message, count);
}

/** Of its own will, in the same term. */
export function stepDown(_: Model, server: ModelServer): void {
  demand(server.role !== 'StateFollower', 'a follower has nothing to step down from');
  server.role = 'StateFollower';
}

export function changeConfiguration(
  server: ModelServer,
  kind: 'add' | 'addLearner' | 'remove',
  nid: string,
): void {
  const { role, configuration, pendingChange, term, log } = server;
  const { voters, learners } = configuration;
  demand(role === 'StateLeader', 'only a leader changes the configuration');
  const isFit = {
    add: !voters.includes(nid),
    addLearner: !isMember(configuration, nid),
    remove: isMember(configuration, nid),
  }[kind];
  demand(isFit, `${kind} ${nid} changes nothing`);
  const without = (ids: readonly string[]) => ids.filter((id) => id !== nid);
  const next = {
    add: { voters: [...voters, nid], learners },
    addLearner: { voters, learners: [...learners, nid] },
    remove: { voters: without(voters), learners: without(learners) },
  }[kind];
  // While one is pending, the entry that is appended changes nothing.
  server.log = [...log, entryOf(term, pendingChange === 0 ? next : undefined)];
  if (pendingChange === 0) server.pendingChange = server.log.length;
}

/** The newest committed configuration comes into force. */
export function applyConfiguration(_: Model, server: ModelServer): void {
  const { log, commit, role, pendingChange } = server;
  const index =
    log.findLastIndex((entry, at) => at < commit && entry.configuration !== undefined) + 1;
  demand(index > 0, 'no configuration is committed');
  server.configuration = log[index - 1]!.configuration!;
  if (role === 'StateLeader' && pendingChange >= index) server.pendingChange = 0;
}

export function becomeFollowerOfTerm(server: ModelServer, term: number): void {
  if (server.term !== term) server.vote = NOBODY;
  server.term = term;
  server.role = 'StateFollower';
}

const isMember = ({ voters, learners }: ModelConfiguration, id: string): boolean =>
  voters.includes(id) || learners.includes(id);
