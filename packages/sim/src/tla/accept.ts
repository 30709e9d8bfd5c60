/**
 * Would etcd-io/raft's specification accept this trace? A restatement of Traceetcdraft.tla: each
 * line names one action, and what the line says of the server must be what the action leaves, or,
 * for a receipt, what was there before.
 *
 * TLC with the specification itself is the judge (docs/tla.md); this is for tests, and quick. Where
 * it differs it is stricter: `nid` must be whom the line is about, and role and configuration must be
 * such as the specification knows, in lines too in which it does not read them.
 */

import {
  advanceCommit,
  appendToSelf,
  applyConfiguration,
  becomeLeader,
  changeConfiguration,
  ready,
  replicate,
  requestVote,
  restart,
  sendAppend,
  stepDown,
  timeout,
} from './actions.ts';
import { checkInvariants } from './invariants.ts';
import { type Line, type LineMessage, type MessageType, parseLine } from './line.ts';
import {
  Disputed,
  demand,
  entryOf,
  Impossible,
  Model,
  type ModelMessage,
  type ModelServer,
  type Subtype,
} from './model.ts';
import { receive } from './receive.ts';

export type Acceptance =
  | { readonly kind: 'accepted'; readonly events: ReadonlyMap<string, number> }
  /** `line` counts from 1, with the lines that are no events. */
  | { readonly kind: 'rejected'; readonly line: number; readonly reason: string }
  /** Accepted before this line, after which the specification is wrong; see invariants.ts. */
  | { readonly kind: 'disputed'; readonly line: number; readonly reason: string };

export function acceptTrace(texts: readonly string[]): Acceptance {
  const events = new Map<string, number>();
  let number = 0;
  try {
    const lines: { readonly line: Line; readonly number: number }[] = [];
    for (const text of texts) {
      number += 1;
      const line = text === '' ? undefined : parseLine(text);
      if (line !== undefined) lines.push({ line, number });
    }
    // What is wrong with the whole, or with how it starts, is told of the first line.
    number = 1;
    const trace = new Trace(lines.map(({ line }) => line));
    for (const [at, { line, number: place }] of lines.entries()) {
      number = place;
      trace.follow(line, at);
      events.set(line.name, (events.get(line.name) ?? 0) + 1);
    }
  } catch (error) {
    const kind = error instanceof Disputed ? 'disputed' : 'rejected';
    return { kind, line: number, reason: (error as Error).message };
  }
  return { kind: 'accepted', events };
}

const START_EVENTS = ['InitState', 'BecomeFollower', 'ApplyConfChange'];

/** What the specification does not need to be told. */
const isTold = ({ name, message }: Line): boolean =>
  (name === 'SendAppendEntriesResponse' || name === 'SendRequestVoteResponse') &&
  message?.from !== message?.to;

const subtypes: Readonly<Partial<Record<MessageType, Subtype>>> = {
  MsgApp: 'app',
  MsgAppResp: 'app',
  MsgHeartbeat: 'heartbeat',
  MsgHeartbeatResp: 'heartbeat',
  MsgSnap: 'snapshot',
};

/** What needs no more than the server's name, and what its line tells besides. */
const OWN_ACTIONS: Readonly<
  Record<
    string,
    {
      readonly act: (model: Model, server: ModelServer) => void;
      readonly shows: 'state' | 'candidacy' | 'nothing';
    }
  >
> = {
  InitState: { act: restart, shows: 'state' },
  BecomeFollower: { act: stepDown, shows: 'state' },
  BecomeCandidate: { act: timeout, shows: 'candidacy' },
  BecomeLeader: { act: becomeLeader, shows: 'state' },
  Replicate: { act: replicate, shows: 'nothing' },
  Ready: { act: ready, shows: 'nothing' },
  Commit: { act: advanceCommit, shows: 'state' },
  ApplyConfChange: { act: applyConfiguration, shows: 'nothing' },
};

class Trace {
  readonly #model = new Model();
  /** The lines of each server before its first of another kind: they say how it starts. */
  readonly #start = new Set<number>();
  /** Each server's line before this one. */
  readonly #last = new Map<string, Line>();

  constructor(lines: readonly Line[]) {
    demand(lines.length > 0, 'there are no events');
    const starts = new Map<string, Line>();
    const hasBegun = new Set<string>();
    for (const [at, line] of lines.entries()) {
      const { nid, name } = line;
      if (!START_EVENTS.includes(name)) hasBegun.add(nid);
      if (hasBegun.has(nid)) continue;
      demand(starts.has(nid) || name === 'InitState', `server ${nid} begins with ${name}`);
      starts.set(nid, line);
      this.#start.add(at);
    }
    for (const nid of hasBegun) demand(starts.has(nid), `server ${nid} has no InitState`);
    for (const line of starts.values()) this.#add(line);
    for (const voter of this.#model.at(lines[0]!.nid).configuration.voters) this.#model.at(voter);
    for (const server of this.#model.servers.values()) checkInvariants(this.#model, server);
  }

  #add({ nid: id, term, role, vote, log, commit, voters, change }: Line): void {
    const started = change?.kind === 'applied' ? change.voters : voters;
    const configuration = { voters: started, learners: [] };
    const entries = Array.from({ length: log }, () => entryOf(1, configuration));
    demand(commit <= log, `server ${id} starts with more committed than it holds`);
    this.#model.add({ id, term, role, vote, commit, configuration, log: entries });
  }

  follow(line: Line, at: number): void {
    const before = this.#last.get(line.nid);
    this.#last.set(line.nid, line);
    if (this.#start.has(at) || isTold(line) || line.name === 'ReduceNextIndex') return;
    if (line.name === 'BecomeFollower' && before !== undefined && explains(before, line)) return;
    const server = this.#model.at(line.nid);
    this.#act(server, line);
    checkInvariants(this.#model, server);
  }

  #act(server: ModelServer, line: Line): void {
    const own = OWN_ACTIONS[line.name];
    const { message } = line;
    if (own !== undefined) {
      own.act(this.#model, server);
      if (own.shows === 'state') expectState(server, line);
      if (own.shows === 'candidacy') expectCandidacy(server, line);
    } else if (line.name === 'ChangeConf') {
      const { change } = line;
      demand(change !== undefined && change.kind !== 'applied', 'ChangeConf without a change');
      changeConfiguration(server, change.kind, change.nid);
    } else if (message === undefined) {
      demand(false, `${line.name} without a message, or unknown`);
    } else if (line.name.startsWith('Receive')) {
      demand(message.to === line.nid, `a message to ${message.to}`);
      expectState(server, line);
      receive(this.#model, this.#inFlight(line.name, message));
    } else {
      demand(message.from === line.nid, `a message from ${message.from}`);
      const sent = send(server, line.name, message);
      this.#model.pending.add(sent);
      const isTheSame = isAs(line.name.slice('Send'.length), message) && isSame(message, sent);
      demand(isTheSame, `sent is ${JSON.stringify(sent)}`);
      expectState(server, line);
    }
  }

  /** Two different ones could never fit: a leader's log only grows in its term. */
  #inFlight(name: string, message: LineMessage): ModelMessage {
    const { inFlight } = this.#model;
    const found = [...inFlight.on(message.from, message.to)].filter((of) => isSame(message, of));
    demand(isAs(name.slice('Receive'.length), message), `${message.type} is not for ${name}`);
    demand(found.length > 0, 'no such message is in flight');
    demand(found.length === 1, 'more than one message fits');
    return found[0]!;
  }
}

function send(server: ModelServer, name: string, message: LineMessage): ModelMessage {
  const { type, to, index: prevIndex, entries: count } = message;
  switch (name) {
    case 'SendRequestVoteRequest':
    case 'SendRequestVoteResponse':
      return requestVote(server, to);
    case 'SendAppendEntriesResponse':
      return appendToSelf(server);
    case 'SendAppendEntriesRequest':
      if (type === 'MsgApp') return sendAppend(server, to, { subtype: 'app', prevIndex, count });
      if (type === 'MsgSnap') {
        return sendAppend(server, to, { subtype: 'snapshot', prevIndex: 0, count });
      }
      return sendAppend(server, to, { subtype: 'heartbeat', prevIndex: 0, count: 0 });
  }
  throw new Impossible(`unknown event ${name}`);
}

/** A receipt makes a follower without a line of its own; one may follow it directly. */
function explains(before: Line, { term }: Line): boolean {
  const { name, message, role } = before;
  if (message === undefined || !name.startsWith('Receive') || message.term !== term) return false;
  if (before.term < message.term) return true;
  const isAppend = name === 'ReceiveAppendEntriesRequest';
  return isAppend && before.term === message.term && role === 'StateCandidate';
}

const typesOf: Readonly<Record<string, readonly MessageType[]>> = {
  RequestVoteRequest: ['MsgVote'],
  RequestVoteResponse: ['MsgVoteResp'],
  AppendEntriesRequest: ['MsgApp', 'MsgHeartbeat', 'MsgSnap'],
  AppendEntriesResponse: ['MsgAppResp', 'MsgHeartbeatResp'],
  Snapshot: ['MsgApp', 'MsgHeartbeat', 'MsgSnap'],
};

const isAs = (what: string, { type }: LineMessage): boolean =>
  typesOf[what]?.includes(type) ?? false;

/** Does the line speak of this message? Only of what it has for its kind. */
function isSame(line: LineMessage, message: ModelMessage): boolean {
  const { from, to, term, kind } = message;
  if (line.from !== from || line.to !== to || line.term !== term) return false;
  const subtype = subtypes[line.type];
  switch (kind) {
    case 'voteRequest':
      return (
        line.type === 'MsgVote' &&
        line.index === message.lastIndex &&
        line.logTerm === message.lastTerm
      );
    case 'voteResponse':
      return line.type === 'MsgVoteResp' && line.reject !== message.isGranted;
    case 'appendRequest':
      return (
        ['MsgApp', 'MsgHeartbeat', 'MsgSnap'].includes(line.type) &&
        subtype === message.subtype &&
        (subtype === 'snapshot' || line.commit === message.commit) &&
        (subtype === 'heartbeat' ||
          (line.index === message.prevIndex && line.logTerm === message.prevTerm)) &&
        line.entries === message.entries.length
      );
    case 'appendResponse':
      return (
        ['MsgAppResp', 'MsgHeartbeatResp'].includes(line.type) &&
        subtype === message.subtype &&
        line.reject !== message.isSuccess &&
        (line.reject || subtype === 'heartbeat' || line.index === message.match)
      );
  }
}

function expectCandidacy(server: ModelServer, line: Line): void {
  demand(line.role === 'StateCandidate', `a candidate is ${line.role}`);
  expectEqual('term', line.term, server.term);
}

function expectState(server: ModelServer, line: Line): void {
  expectEqual('term', line.term, server.term);
  expectEqual('role', line.role, server.role);
  expectEqual('vote', line.vote, server.vote);
  expectEqual('log', line.log, server.log.length);
  expectEqual('commit', line.commit, server.commit);
  const sorted = (ids: readonly string[]) => [...new Set(ids)].sort().join();
  expectEqual('conf', sorted(line.voters), sorted(server.configuration.voters));
}

function expectEqual(what: string, line: number | string, model: number | string): void {
  demand(line === model, `${what} is ${line} and must be ${model}`);
}
