/**
 * Timing and limits. Every field carries its unit in its name and has a default, so `{}` is a
 * valid value. Limits bound memory: the leader has at most `maxInflightBytes` (plus one append)
 * on the way to each follower, and keeps `maxTailBytes` of its log in memory.
 */
export interface RaftOptions {
  /**
   * Idle time after which the leader sends a heartbeat to a follower.
   *
   * @default 100 — etcd's heartbeat interval, chosen for a round trip well under 50 ms.
   */
  readonly heartbeatIntervalMs?: number;

  /**
   * Shortest silence before a follower starts an election. The real timeout is drawn uniformly
   * from [n, 2n) for each election, so that votes rarely split (§5.2).
   *
   * @default 1000 — etcd's; ten heartbeats must be lost in a row to unseat a healthy leader.
   */
  readonly electionTimeoutMs?: number;

  /**
   * How long the leader waits, with nothing else to send, before it tells the followers that
   * commitIndex has moved. Under load the news rides on the next append and costs nothing. At or
   * above `heartbeatIntervalMs` it always waits for a heartbeat. A follower where a client waits for
   * its own command hears at once.
   *
   * @default 2
   */
  readonly commitNoticeDelayMs?: number;

  /**
   * A candidate first asks whether it would be elected (dissertation §9.6), and voters that hear a
   * leader refuse.
   *
   * @default true
   */
  readonly preVote?: boolean;

  /**
   * A leader that has not heard from a quorum for an election timeout steps down (dissertation
   * §6.2), and a voter that has heard from a leader within the shortest election timeout ignores
   * candidates (§4.2.3).
   *
   * @default true
   */
  readonly checkQuorum?: boolean;

  /**
   * A new leader opens its term with an empty entry, which commits what earlier terms left (§8).
   * Without it reads wait for the first command of the term. The MIT lab counts indexes and
   * therefore turns it off.
   *
   * @default true
   */
  readonly noopOnElection?: boolean;

  /**
   * A leader that a quorum has answered lately serves reads without asking again, for the time in
   * which the quorum elects nobody else (dissertation §6.4.1). Saves a round trip, and rests on
   * clocks: with one that breaks `maxClockDrift`, or a process frozen between the answer and its
   * use, a read may be stale. Needs `checkQuorum`, and the same setting on every server.
   *
   * @default false
   */
  readonly leaseReads?: boolean;

  /**
   * By how much of an interval two servers' clocks may disagree about it; at least 0, below 1.
   * A lease lasts `electionTimeoutMs * (1 - maxClockDrift)`.
   *
   * @default 0.1
   */
  readonly maxClockDrift?: number;

  /**
   * Who had better lead: server id to priority, 0 for those not named. A leader hands over to a
   * voter of higher priority as soon as that one follows closely. Whole numbers of at least 0; give
   * every server the same.
   *
   * @default {} — nobody is preferred.
   */
  readonly priorities?: Readonly<Record<number, number>>;

  /**
   * An idle group falls silent: no heartbeats, no timers (rest.ts). Only for a driver that watches the
   * others' hosts by itself and steps `peerUnreachable` and `peerReachable`; the same on every server.
   *
   * @default false
   */
  readonly rest?: boolean;

  /** Largest AppendEntries, in bytes of entries; a single larger batch still goes. @default 1_048_576 (1 MiB) */
  readonly maxAppendBytes?: number;

  /** Appends in flight to one follower before the leader waits. @default 256 */
  readonly maxInflightMessages?: number;

  /** Bytes in flight to one follower before the leader waits. @default 8_388_608 (8 MiB) */
  readonly maxInflightBytes?: number;

  /**
   * Bytes of recent entries kept in memory. Older ones are read back from the log's reader when a
   * slow follower needs them. Entries that are not yet durable and committed are always kept.
   *
   * @default 33_554_432 (32 MiB)
   */
  readonly maxTailBytes?: number;

  /** Bytes of entries handed to the state machine and not yet reported applied. @default 8_388_608 (8 MiB) */
  readonly maxApplyBytes?: number;

  /**
   * Bytes in a leader's log that are not committed, or not on its own disk yet, above which proposals
   * are refused. @default 268_435_456 (256 MiB)
   */
  readonly maxUncommittedBytes?: number;

  /**
   * Bytes of entries on their way to a follower's disk above which it takes in no more; the leader
   * sends them again. Should exceed `maxInflightBytes`, which one leader may send ahead.
   *
   * @default 33_554_432 (32 MiB) — four windows: a leader and its successors.
   */
  readonly maxUnwrittenBytes?: number;
}

export type ResolvedRaftOptions = Required<RaftOptions>;

export const DEFAULT_RAFT_OPTIONS: ResolvedRaftOptions = {
  heartbeatIntervalMs: 100,
  electionTimeoutMs: 1000,
  commitNoticeDelayMs: 2,
  preVote: true,
  checkQuorum: true,
  noopOnElection: true,
  leaseReads: false,
  maxClockDrift: 0.1,
  priorities: {},
  rest: false,
  maxAppendBytes: 1_048_576,
  maxInflightMessages: 256,
  maxInflightBytes: 8_388_608,
  maxTailBytes: 33_554_432,
  maxApplyBytes: 8_388_608,
  maxUncommittedBytes: 268_435_456,
  maxUnwrittenBytes: 33_554_432,
};

const MAY_BE_ZERO = ['commitNoticeDelayMs', 'maxClockDrift'];

/** What was resolved once is shared: thousands of groups have one object of options. */
const resolvedBefore = new WeakSet<RaftOptions>();
const isResolved = (options: RaftOptions): options is ResolvedRaftOptions =>
  resolvedBefore.has(options);

/** @throws {RangeError} naming the option, the value and the bound it breaks. */
export function resolveOptions(options: RaftOptions = {}): ResolvedRaftOptions {
  if (isResolved(options)) return options;
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  for (const [name, value] of given) requireKind(name, value);
  const resolved: ResolvedRaftOptions = { ...DEFAULT_RAFT_OPTIONS, ...Object.fromEntries(given) };
  requirePriorities(resolved.priorities);
  if (resolved.maxClockDrift >= 1) {
    throw new RangeError(`maxClockDrift must be below 1, got ${resolved.maxClockDrift}`);
  }
  if (resolved.leaseReads && !resolved.checkQuorum) {
    throw new RangeError(
      'leaseReads needs checkQuorum: without it voters promise a leader nothing',
    );
  }
  if (resolved.electionTimeoutMs <= resolved.heartbeatIntervalMs) {
    throw new RangeError(
      `electionTimeoutMs (${resolved.electionTimeoutMs}) must exceed heartbeatIntervalMs ` +
        `(${resolved.heartbeatIntervalMs}), or followers would unseat a leader between two heartbeats`,
    );
  }
  resolvedBefore.add(resolved);
  return resolved;
}

/** A value is of its default's kind; numbers have a bound. */
function requireKind(name: string, value: unknown): void {
  if (!Object.hasOwn(DEFAULT_RAFT_OPTIONS, name)) throw new RangeError(`${name} is no option`);
  const kind = typeof DEFAULT_RAFT_OPTIONS[name as keyof RaftOptions];
  const smallest = MAY_BE_ZERO.includes(name) ? 0 : 1;
  if (kind === 'number') {
    if (Number(value) === value && value >= smallest && value <= Number.MAX_SAFE_INTEGER) return;
    throw new RangeError(`${name} must be a number of at least ${smallest}, got ${value}`);
  }
  if (typeof value === kind && value !== null) return;
  throw new RangeError(`${name} must be ${kind === 'object' ? 'an' : 'a'} ${kind}, got ${value}`);
}

function requirePriorities(priorities: ResolvedRaftOptions['priorities']): void {
  for (const [id, priority] of Object.entries(priorities)) {
    if (!Number.isSafeInteger(Number(id)) || Number(id) < 1) {
      throw new RangeError(
        `priorities names a server ${id}; an id is a whole number of at least 1`,
      );
    }
    if (Number.isSafeInteger(priority) && priority >= 0) continue;
    throw new RangeError(
      `the priority of server ${id} must be a whole number of at least 0, got ${priority}`,
    );
  }
}
