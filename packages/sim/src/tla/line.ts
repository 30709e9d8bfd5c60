/**
 * One line of a trace as etcd-io/raft writes them: what one server did, and its state then.
 *
 * NDJSON; the order of the lines is the order of what happened, a message's sending before its
 * receipt. Indexes, terms and counts only: the commands themselves are not in a trace.
 */

/** The specification knows no pre-candidate. */
export type LineRole = 'StateFollower' | 'StateCandidate' | 'StateLeader';

export type MessageType =
  | 'MsgVote'
  | 'MsgVoteResp'
  | 'MsgApp'
  | 'MsgAppResp'
  | 'MsgHeartbeat'
  | 'MsgHeartbeatResp'
  | 'MsgSnap';

export interface LineMessage {
  readonly type: MessageType;
  readonly term: number;
  /** Ids are strings. */
  readonly from: string;
  readonly to: string;
  /** How many; of a MsgSnap, the index of the snapshot. */
  readonly entries: number;
  /** The term of the entry at `index`, where `index` is before the entries or the last of a log. */
  readonly logTerm: number;
  readonly index: number;
  readonly commit: number;
  readonly reject: boolean;
}

export interface Line {
  readonly name: string;
  /** The server. */
  readonly nid: string;
  readonly term: number;
  /** `NOBODY` if there is none. */
  readonly vote: string;
  readonly commit: number;
  readonly role: LineRole;
  /** The last index, whether or not its entries are still held. */
  readonly log: number;
  readonly voters: readonly string[];
  readonly message: LineMessage | undefined;
  readonly change: LineChange | undefined;
}

/** What a ChangeConf line asks for, or an ApplyConfChange line has brought about. */
export type LineChange =
  | { readonly kind: 'add' | 'addLearner' | 'remove'; readonly nid: string }
  | { readonly kind: 'applied'; readonly voters: readonly string[] };

export const NOBODY = '0';

/** Integers of TLC. */
const LIMIT = 2 ** 31;

const ROLES: readonly string[] = ['StateFollower', 'StateCandidate', 'StateLeader'];
const TYPES: readonly string[] = [
  ...['MsgVote', 'MsgVoteResp', 'MsgApp', 'MsgAppResp'],
  ...['MsgHeartbeat', 'MsgHeartbeatResp', 'MsgSnap'],
];
const ACTIONS = { AddNewServer: 'add', AddLearner: 'addLearner', RemoveServer: 'remove' } as const;

/** The line's text. `number` is its place in the file, for tools that sort lines by their time. */
export function printLine(line: Line, number: number): string {
  const { name, nid, term, vote, commit, role, log, voters, message, change } = line;
  const event = {
    name,
    nid,
    state: { term, vote, commit },
    role,
    log,
    conf: [voters, []],
    ...(message && { msg: { ...message, vote: NOBODY, rejectHint: 0 } }),
    ...(change && { prop: { cc: printChange(change) } }),
  };
  return JSON.stringify({ tag: 'trace', ts: String(number).padStart(9, '0'), event });
}

function printChange(change: LineChange): object {
  if (change.kind === 'applied') return { newconf: change.voters };
  const [action] = Object.entries(ACTIONS).find(([, kind]) => kind === change.kind)!;
  return { changes: [{ nid: change.nid, action }] };
}

/**
 * Undefined for a line that is no event: readers of traces pass over it.
 *
 * @throws {Error} saying which field is wrong, without the number of the line.
 */
export function parseLine(text: string): Line | undefined {
  const outer = objectAt(JSON.parse(text), 'the line');
  if (outer.tag !== 'trace') return undefined;
  const event = objectAt(outer.event, 'event');
  const state = objectAt(event.state, 'state');
  const conf = event.conf;
  if (!Array.isArray(conf) || conf.length !== 2) throw new Error('conf is not a pair');
  if (idsAt(conf[1], 'conf').length > 0) throw new Error('a joint configuration');
  return {
    name: textAt(event.name, 'name'),
    nid: idAt(event.nid, 'nid'),
    term: numberAt(state.term, 'term'),
    vote: textAt(state.vote, 'vote'),
    commit: numberAt(state.commit, 'commit'),
    role: oneOf(ROLES, event.role, 'role') as LineRole,
    log: numberAt(event.log, 'log'),
    voters: idsAt(conf[0], 'conf'),
    message: event.msg === undefined ? undefined : parseMessage(objectAt(event.msg, 'msg')),
    change: event.prop === undefined ? undefined : parseChange(objectAt(event.prop, 'prop').cc),
  };
}

function parseMessage(msg: Fields): LineMessage {
  if (typeof msg.reject !== 'boolean') throw new Error('reject is not true or false');
  return {
    type: oneOf(TYPES, msg.type, 'type') as MessageType,
    term: numberAt(msg.term, 'msg.term'),
    from: idAt(msg.from, 'from'),
    to: idAt(msg.to, 'to'),
    entries: numberAt(msg.entries, 'entries'),
    logTerm: numberAt(msg.logTerm, 'logTerm'),
    index: numberAt(msg.index, 'index'),
    commit: numberAt(msg.commit, 'msg.commit'),
    reject: msg.reject,
  };
}

/** Other properties than configuration changes are nothing that is read. */
function parseChange(cc: unknown): LineChange | undefined {
  if (cc === undefined) return undefined;
  const { newconf, changes } = objectAt(cc, 'cc');
  if (newconf !== undefined) return { kind: 'applied', voters: idsAt(newconf, 'newconf') };
  if (changes === undefined) return undefined;
  if (!Array.isArray(changes) || changes.length !== 1) throw new Error('not exactly one change');
  const { nid, action } = objectAt(changes[0], 'changes');
  const kind = ACTIONS[oneOf(Object.keys(ACTIONS), action, 'action') as keyof typeof ACTIONS];
  return { kind, nid: idAt(nid, 'changes') };
}

type Fields = Readonly<Record<string, unknown>>;

function objectAt(value: unknown, name: string): Fields {
  if (typeof value === 'object' && value !== null) return value as Fields;
  throw new Error(`${name} is not an object`);
}

function numberAt(value: unknown, name: string): number {
  if (Number.isInteger(value) && (value as number) >= 0 && (value as number) < LIMIT) {
    return value as number;
  }
  throw new Error(`${name} is not a whole number from 0 below 2^31`);
}

function textAt(value: unknown, name: string): string {
  if (typeof value === 'string') return value;
  throw new Error(`${name} is not a string`);
}

function idAt(value: unknown, name: string): string {
  const id = textAt(value, name);
  if (id === NOBODY) throw new Error(`${name} is nobody`);
  return id;
}

function idsAt(value: unknown, name: string): readonly string[] {
  if (!Array.isArray(value)) throw new Error(`${name} is not a list`);
  return value.map((id) => idAt(id, name));
}

function oneOf(names: readonly string[], value: unknown, name: string): string {
  if (typeof value === 'string' && names.includes(value)) return value;
  throw new Error(`${name} is unknown: ${JSON.stringify(value)}`);
}
