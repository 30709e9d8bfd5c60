/**
 * What a server does with a message, by etcd-io/raft's specification (`Receive` of etcdraft.tla).
 * There it is a chain of small steps, the last of which consumes the message; here it is one.
 */

import { becomeFollowerOfTerm } from './actions.ts';
import { NOBODY } from './line.ts';
import {
  type AppendRequest,
  type AppendResponse,
  demand,
  lastTerm,
  type Model,
  type ModelEntry,
  type ModelMessage,
  type ModelServer,
  termAt,
  type VoteRequest,
  type VoteResponse,
} from './model.ts';

/** Takes the message out of flight. */
export function receive(model: Model, message: ModelMessage): void {
  const server = model.at(message.to);
  if (message.term > server.term) becomeFollowerOfTerm(server, message.term);
  switch (message.kind) {
    case 'voteRequest':
      onVoteRequest(model, server, message);
      break;
    case 'voteResponse':
      if (message.term === server.term) onVoteResponse(server, message);
      break;
    case 'appendRequest':
      onAppendRequest(model, server, message);
      break;
    case 'appendResponse':
      if (message.term === server.term) onAppendResponse(server, message);
      break;
  }
  model.inFlight.remove(message);
}

function onVoteRequest(model: Model, server: ModelServer, request: VoteRequest): void {
  const { id, term, log, vote } = server;
  const ours = lastTerm(log);
  const isUpToDate =
    request.lastTerm > ours || (request.lastTerm === ours && request.lastIndex >= log.length);
  const isFree = vote === NOBODY || vote === request.from;
  const isGranted = request.term === term && isUpToDate && isFree;
  if (isGranted) server.vote = request.from;
  model.pending.add({ kind: 'voteResponse', from: id, to: request.from, term, isGranted });
}

/** Counted whatever the server is by now; only a candidate looks. */
function onVoteResponse(server: ModelServer, { from, isGranted }: VoteResponse): void {
  server.responded = new Set([...server.responded, from]);
  if (isGranted) server.granted = new Set([...server.granted, from]);
}

function onAppendRequest(model: Model, server: ModelServer, request: AppendRequest): void {
  const { id: from, term, log } = server;
  const { prevIndex, prevTerm } = request;
  const reply = { kind: 'appendResponse', from, to: request.from, term } as const;
  const rejected = { ...reply, subtype: 'app', isSuccess: false, match: 0 } as const;
  if (request.term < term) {
    model.pending.add(rejected);
    return;
  }
  demand(server.role !== 'StateLeader', `there are two leaders of term ${term}`);
  server.role = 'StateFollower';
  const fits = prevIndex === 0 || (prevIndex <= log.length && termAt(log, prevIndex) === prevTerm);
  if (!fits) {
    model.pending.add(rejected);
    return;
  }
  const { subtype } = request;
  const match = accept(server, request);
  model.pending.add({ ...reply, subtype, isSuccess: true, match });
}

/** Answers how far the logs are the same. */
function accept(server: ModelServer, request: AppendRequest): number {
  const { subtype, prevIndex, entries } = request;
  const last = prevIndex + entries.length;
  // An append that begins before the commit index is an old one: nothing is looked at.
  if (prevIndex < server.commit) {
    if (subtype !== 'heartbeat') return server.commit;
    server.commit = Math.max(server.commit, request.commit);
    return last;
  }
  server.log = merged(server.log, prevIndex, entries);
  server.commit = Math.max(server.commit, Math.min(request.commit, last));
  return last;
}

/** The log is cut where it conflicts, and only there. */
function merged(
  log: readonly ModelEntry[],
  prevIndex: number,
  entries: readonly ModelEntry[],
): readonly ModelEntry[] {
  const known = entries.findIndex(({ term }, at) => termAt(log, prevIndex + 1 + at) !== term);
  if (known < 0) return log;
  return [...log.slice(0, prevIndex + known), ...entries.slice(known)];
}

function onAppendResponse(server: ModelServer, response: AppendResponse): void {
  if (!response.isSuccess) return;
  const { from, match } = response;
  const known = server.match.get(from) ?? 0;
  server.match = new Map(server.match).set(from, Math.max(known, match));
}
