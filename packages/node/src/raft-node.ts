import { configurationOf, type LogIndex, type NodeId } from '@quorate/core';
import type {
  CallOptions,
  ChangeMembershipOptions,
  CloseOptions,
  ClusterMembership,
  Leadership,
  MembershipTarget,
  NodeStatus,
  ProposeOptions,
  RaftNodeOptions,
  ReadOptions,
  Started,
} from './api.ts';
import { ApplyChannel } from './apply/apply-channel.ts';
import { Throttle } from './apply/throttle.ts';
import { badOption, requireWhole } from './checks.ts';
import { Ending } from './ending.ts';
import { RaftError } from './errors.ts';
import { Scheduler } from './loop/scheduler.ts';
import { checkOptions } from './options.ts';
import { onlyGroup } from './peers/only-group.ts';
import type { GroupTransport } from './peers/transport.ts';
import { transportOf } from './peers/transport-of.ts';
import { now, Runtime, type RuntimeParts } from './runtime.ts';
import type { Session } from './sessions/session.ts';
import { SessionMachine } from './sessions/session-machine.ts';
import { Sessions, serveSessions } from './sessions/sessions.ts';
import { startMachine } from './start-machine.ts';
import type { CommittedCommands, StateMachine } from './state-machine.ts';
import { RESERVE_FOR_MACHINE_BYTES } from './storage/free-space.ts';
import { memoryStorage } from './storage/memory-storage.ts';
import { openStorage } from './storage/open-storage.ts';
import type { Storage } from './storage/storage.ts';

/** What a server is made of before its state machine is started. */
export type NodeParts<Result> = Omit<RuntimeParts<Result>, 'machine' | 'appliedIndex' | 'log'> & {
  /** Called when the server has let go of everything. */
  readonly released: () => void;
};

/** Applied to by two, a machine would hold the commands of both. */
const machinesInUse = new WeakSet<object>();

/**
 * One server of a cluster, inside your process. Open it with `RaftNode.open`, release it with
 * `await using` or `close`.
 */
export class RaftNode<Result = undefined> implements AsyncDisposable {
  /**
   * Resolves when this node has ended: with undefined after `close`, else with the reason. A node
   * ends by itself when its disk fails, its state machine throws or an invariant breaks; it has
   * then let go of its files and ports, and everything that waited was failed.
   */
  readonly ended: Promise<Error | undefined>;
  readonly #ending = new Ending('node', (reason) => this.#release(reason));
  readonly #clusterId: number;
  readonly #storage: Storage;
  readonly #transport: GroupTransport;
  readonly #machine: StateMachine<Result>;
  readonly #runtime: Runtime<Result>;
  /** Undefined when the state machine cannot keep any. */
  readonly #sessions: Sessions<Result> | undefined;
  readonly #released: () => void;

  /**
   * Finds what the directory holds, starts the state machine and joins the cluster.
   *
   * @throws {RaftError} `RAFT_BAD_OPTION`, `RAFT_ADDRESS_IN_USE`, `RAFT_MACHINE_FAILED`, and of the data
   *   directory `RAFT_BAD_DIRECTORY`, `RAFT_DIRECTORY_LOCKED`, `RAFT_WRONG_DIRECTORY`,
   *   `RAFT_STORAGE_CORRUPT`, `RAFT_DISK_FAILED` and `RAFT_DISK_FULL`. Nothing stays open then.
   */
  static async open<Result = undefined>(
    options: RaftNodeOptions<Result>,
  ): Promise<RaftNode<Result>> {
    const resolved = checkOptions(options);
    const storage = await openStorageOf(options);
    const transport = await transportOf(options, resolved).catch(async (error: unknown) => {
      await storage.close();
      throw error;
    });
    const scheduler = new Scheduler(now);
    const throttle = new Throttle(resolved.snapshotBytesPerSecond, now);
    return RaftNode.start({
      ...{ options, resolved, storage, transport: onlyGroup(transport), scheduler, throttle },
      random: Math.random,
      released: () => {},
    });
  }

  /**
   * @internal A server out of parts that it may share with others of this process. The storage is
   * closed when it cannot start.
   */
  static async start<Result>(shared: NodeParts<Result>): Promise<RaftNode<Result>> {
    const { options, resolved, storage, released } = shared;
    const { machine: own } = options;
    if (own !== undefined && machinesInUse.has(own)) {
      await storage.close();
      throw badOption('the machine is that of another node, which is open', 'make one for each');
    }
    const release = (): void => {
      if (own !== undefined) machinesInUse.delete(own);
      released();
    };
    if (own !== undefined) machinesInUse.add(own);
    const machine =
      options.machine === undefined
        ? (new ApplyChannel() as unknown as StateMachine<Result>)
        : serveSessions(options.machine, resolved.sessions);
    try {
      const appliedIndex = await startMachine(machine, storage);
      const log = options.log ?? (() => {});
      for (const warning of storage.warnings) log('warn', warning, {});
      // What is spread comes last: else V8 makes each server's object a hidden class of its own.
      const node = new RaftNode<Result>({ machine, appliedIndex, log, ...shared }, release);
      await node.#runtime.open();
      return node;
    } catch (error) {
      await storage.close();
      await machine.close?.();
      release();
      throw error;
    }
  }

  private constructor(parts: RuntimeParts<Result>, released: () => void) {
    this.#released = released;
    this.#clusterId = parts.options.clusterId;
    this.#storage = parts.storage;
    this.#transport = parts.transport;
    this.#machine = parts.machine;
    this.ended = this.#ending.ended;
    const { machine, resolved } = parts;
    const onFailure = (cause: unknown): void => {
      const error = cause instanceof Error ? cause : new Error(String(cause));
      if (this.#ending.reason === undefined)
        parts.log('error', 'the node ends', { reason: error.message });
      void this.#ending.begin(error);
    };
    const onLeft = (reason: RaftError): void => {
      if (machine instanceof ApplyChannel) machine.left(reason);
    };
    this.#runtime = new Runtime(parts, { onFailure, onLeft });
    if (machine instanceof SessionMachine) {
      const { heartbeatIntervalMs } = resolved.raft;
      this.#sessions = new Sessions(this.#runtime, machine, resolved.sessions, heartbeatIntervalMs);
    }
  }

  /**
   * The lab's `Start`: puts a command into this server's log if it leads, and says at once where.
   * Whether it is ever committed shows in the state machine. The bytes are copied.
   *
   * @throws {RaftError} `RAFT_COMMAND_TOO_LARGE`, `RAFT_PROPOSAL_DROPPED`, `RAFT_DISK_FULL`,
   *   `RAFT_CLOSED` — nothing was proposed.
   */
  start(command: Uint8Array): Started {
    if (this.#ending.reason !== undefined) throw this.#ending.reason;
    return this.#runtime.proposals.start(command);
  }

  /**
   * Replicates one command and resolves with the state machine's result, once a quorum has stored
   * the command and this server has applied it. The bytes are copied before the call returns.
   *
   * When the lead is lost meanwhile, the call waits until the log tells what became of the command.
   * That may take as long as this server is cut off from the others: give a signal.
   *
   * @throws {NotLeaderError} `RAFT_NOT_LEADER` — nothing was proposed; retry at `error.leaderId`.
   *   Never with `forward`.
   * @throws {RaftError} `RAFT_COMMAND_TOO_LARGE`, `RAFT_PROPOSAL_DROPPED`, `RAFT_DISK_FULL`,
   *   `RAFT_CLOSED` — nothing was proposed.
   * @throws {RaftError} `RAFT_PROPOSAL_LOST` — another entry was committed in the command's place.
   *   It never took effect; propose it again. Never with `forward`, which does that.
   * @throws {RaftError} `RAFT_OUTCOME_UNKNOWN` — the node ended, the result went by in a snapshot,
   *   or the leader fell silent after it was sent the command. It may have taken effect or may yet:
   *   retry only if applying it twice is harmless (§8).
   * @throws `signal.reason` when the signal fires first; the outcome is unknown as above.
   */
  propose(command: Uint8Array, options: ProposeOptions = {}): Promise<Result> {
    const refusal = this.#refusal;
    if (refusal !== undefined) return Promise.reject(refusal);
    return this.#runtime.proposals.propose(command, options);
  }

  /**
   * Opens a client session, whose commands apply exactly once: see {@link Session}. Waits for a
   * leader: give a signal.
   *
   * @throws {RaftError} `RAFT_BAD_OPTION` for a machine that cannot keep sessions,
   *   `RAFT_PROPOSAL_DROPPED`, `RAFT_DISK_FULL`, `RAFT_CLOSED`.
   * @throws `signal.reason`
   */
  openSession(options: CallOptions = {}): Promise<Session<Result>> {
    const refusal = this.#refusal;
    if (refusal !== undefined) return Promise.reject(refusal);
    return this.#requireSessions().open(options);
  }

  /**
   * Takes up a session whose process has ended. For a caller who writes down `session.id`, and before
   * each command `session.nextSerial`: proposed again under its number, a command is still applied
   * once. Whether the session still exists shows with the first command. Give the `sessions` options with
   * which it was opened. One process at a time: a number that two use stands for one command.
   *
   * @param nextSerial The number of the next command.
   * @throws {RaftError} `RAFT_BAD_OPTION`, `RAFT_REMOVED`, `RAFT_CLOSED`.
   */
  resumeSession(id: number, nextSerial: number): Session<Result> {
    const refusal = this.#refusal;
    if (refusal !== undefined) throw refusal;
    requireWhole('the id of a session', id, 1);
    requireWhole('nextSerial', nextSerial, 1);
    return this.#requireSessions().resume(id, nextSerial);
  }

  /**
   * Resolves once this server has applied everything that was committed when the call began, so that
   * reading local state afterwards is linearizable (ReadIndex, dissertation §6.4). Works on every
   * server, costs a round of messages and no disk write, and waits out an election: give a signal.
   * With `maxStalenessMs` mostly at once, for who accepts a state of some age.
   *
   * @throws {RaftError} `RAFT_READ_DROPPED`, `RAFT_CLOSED`, `RAFT_REMOVED`, `RAFT_BAD_OPTION`;
   *   `RAFT_TOO_OLD` only with `ifOlder: 'fail'`.
   * @throws `signal.reason`.
   */
  read(options: ReadOptions = {}): Promise<LogIndex> {
    const refusal = this.#refusal;
    if (refusal !== undefined) return Promise.reject(refusal);
    return this.#runtime.calls.reads.read(options);
  }

  /**
   * Committed commands in log order, for a node that was opened without a state machine. Asking for
   * the next batch says that the one before is applied; see apply-channel.ts. One consumer at a time.
   * Ends when the node is closed or the signal fires.
   *
   * @throws {RaftError} `RAFT_BAD_OPTION` for a node with a state machine; `RAFT_REMOVED`, behind the last
   *   command that this server got.
   */
  committed({ signal }: CallOptions = {}): AsyncIterable<CommittedCommands> {
    const machine: unknown = this.#machine;
    if (machine instanceof ApplyChannel) return machine.consume(signal);
    throw new RaftError(
      'RAFT_BAD_OPTION',
      'this node applies its log to a state machine; open it without one to use committed()',
    );
  }

  /**
   * Makes these the members of the cluster, in one step or through a joint configuration (§6), and
   * resolves when all of it is committed. Asked of the leader. What is so already is no change and
   * resolves too, so that asking again after an unknown outcome does no harm.
   *
   * Newcomers run with `join: true` and may be started before or after the call. By default they get
   * their votes when they have caught up; until then another call replaces the change, or withdraws it
   * by naming the members of before. The promise is in the log: a later leader keeps it. A server
   * that is left out hears of it (`status().membership.standing`), and a leader that leaves itself out
   * leads until that is committed.
   *
   * @throws {NotLeaderError} `RAFT_NOT_LEADER` — nothing was changed; ask `error.leaderId`.
   * @throws {RaftError} `RAFT_CHANGE_UNDER_WAY`, `RAFT_TRANSFER_UNDER_WAY`, `RAFT_QUORUM_AT_RISK`,
   *   `RAFT_ID_REMOVED`, `RAFT_BAD_OPTION`, `RAFT_CLOSED` — nothing was changed.
   *   `RAFT_QUORUM_AT_RISK` only when it has stayed so for an election timeout.
   * @throws {RaftError} `RAFT_PROPOSAL_LOST` — the lead was lost and the change with it.
   * @throws {RaftError} `RAFT_CHANGE_SUPERSEDED` — another change took its place or came after it.
   * @throws {RaftError} `RAFT_OUTCOME_UNKNOWN` — the node ended, or a snapshot took the log's place.
   * @throws `signal.reason` when the signal fires first; a change that has begun goes on.
   */
  changeMembership(target: MembershipTarget, options: ChangeMembershipOptions = {}): Promise<void> {
    const refusal = this.#refusal;
    if (refusal !== undefined) return Promise.reject(refusal);
    return this.#runtime.calls.changes.change(target, options);
  }

  /**
   * Asks another voter to lead instead of this server and resolves with its id when it does
   * (dissertation §3.10). Proposals are refused meanwhile with `RAFT_PROPOSAL_DROPPED`, those with
   * `forward` wait. Who leads already resolves at once.
   *
   * With `raft.priorities` the lead goes back to the preferred server as soon as that may be.
   *
   * @param to @default the voter that should rather lead, of those that hold all that is committed
   * @throws {NotLeaderError} `RAFT_NOT_LEADER` — ask `error.leaderId`.
   * @throws {RaftError} `RAFT_TRANSFER_FAILED` — the other did not take the lead within an election
   *   timeout, and this server leads on, or a third leads. `RAFT_BAD_OPTION`, `RAFT_CLOSED`.
   * @throws `signal.reason`; the other may still take the lead.
   */
  transferLeadership(to?: number, options: CallOptions = {}): Promise<NodeId> {
    const refusal = this.#refusal;
    if (refusal !== undefined) return Promise.reject(refusal);
    return this.#runtime.calls.transfers.transfer(to, options);
  }

  status(): NodeStatus {
    return {
      ...this.#runtime.raft.status(),
      appliedIndex: this.#runtime.appliedIndex,
      clusterId: this.#clusterId,
      membership: this.#runtime.membership.current,
      followers: this.#runtime.raft.followers(),
      transferTarget: this.#runtime.raft.transferTarget,
      connectedPeers: this.#transport.connectedPeers(),
      logBytesOnDisk: this.#storage.log.bytesOnDisk,
      pendingBytes: this.#runtime.proposals.pendingBytes,
    };
  }

  /** False from the moment this node ends, although nobody may lead in its place yet. */
  get isLeader(): boolean {
    return this.#ending.reason === undefined && this.#runtime.raft.isLeader;
  }

  /** A group of a host that is idle: nothing is sent, no timer runs. It wakes when it is needed. */
  get isAtRest(): boolean {
    return this.#runtime.raft.isAtRest;
  }

  /**
   * Calls `listener` whenever term, leader or our own role changes. Answers how to end that. What it
   * throws ends the node.
   */
  onLeadership(listener: (leadership: Leadership) => void): () => void {
    return this.#runtime.onLeadership(listener);
  }

  /**
   * Calls `listener` whenever the membership in force, its commitment or our own standing changes.
   * Answers how to end that. What it throws ends the node.
   */
  onMembership(listener: (membership: ClusterMembership) => void): () => void {
    return this.#runtime.membership.listen(listener);
  }

  /**
   * Ends this server in good order. What was acknowledged stays; what waits is failed. A leader first
   * hands over, which may take up to an election timeout.
   */
  async close({ handOver = true }: CloseOptions = {}): Promise<void> {
    if (handOver && this.isLeader) {
      // Nobody to take it, or nobody who takes it in time: then the others elect.
      const signal = AbortSignal.timeout(this.#runtime.handOverLimitMs);
      await this.#runtime.calls.transfers.transfer(undefined, { signal }).catch(() => {});
    }
    return this.#ending.begin(undefined);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Why nothing can be asked of this server, if so. */
  get #refusal(): RaftError | undefined {
    return this.#ending.reason ?? this.#runtime.membership.removal;
  }

  #requireSessions(): Sessions<Result> {
    if (this.#sessions !== undefined) return this.#sessions;
    const problem = 'the state machine of this node cannot keep sessions';
    const remedy = 'an on-disk machine needs sessionRows; a node without a machine has none';
    throw new RaftError('RAFT_BAD_OPTION', `${problem}; ${remedy}`);
  }

  async #release(reason: RaftError): Promise<void> {
    try {
      // The one machine whose calls wait for somebody else must be told before it is waited for.
      if (this.#machine instanceof ApplyChannel) await this.#machine.close();
      this.#sessions?.stop(reason);
      await this.#runtime.stop(reason);
      await this.#machine.close?.();
    } finally {
      this.#released();
    }
  }
}

function openStorageOf(options: RaftNodeOptions<unknown>): Promise<Storage> {
  const { clusterId, id: nodeId, directory, peers, join = false } = options;
  const initialConfiguration = configurationOf(join ? [] : Object.keys(peers).map(Number));
  const identity = { clusterId, nodeId, initialConfiguration };
  if (options.storage !== undefined) return options.storage(identity);
  if (directory === undefined) return Promise.resolve(memoryStorage(identity));
  const isOnDisk = options.machine?.sync !== undefined;
  const machineReserveBytes = isOnDisk ? RESERVE_FOR_MACHINE_BYTES : 0;
  return openStorage({ ...identity, directory, machineReserveBytes });
}
