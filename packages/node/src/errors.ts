import type { PeerAddress } from './api.ts';
import { addressText } from './peers/address.ts';

/** Every way a call can fail, as a stable string. Each message ends with what to do about it. */
export type RaftErrorCode =
  /** This server does not lead; `NotLeaderError.leaderId` says who does, if anybody is known. */
  | 'RAFT_NOT_LEADER'
  /** Nothing was proposed: a limit is reached. Back off, then retry. */
  | 'RAFT_PROPOSAL_DROPPED'
  /** Nothing was asked: too many reads wait. Back off, then retry. */
  | 'RAFT_READ_DROPPED'
  /** The command may or may not commit: retry only if applying it twice is harmless (§8). */
  | 'RAFT_OUTCOME_UNKNOWN'
  /**
   * The client session has ended: it showed no life for its timeout, or made room for others. A command
   * that was open may have been applied, once; `details.outcome` says `unknown` or `not applied`.
   */
  | 'RAFT_SESSION_EXPIRED'
  /**
   * The command of a session was applied, but its result cannot be kept: `sessions.encodeResult` threw, or
   * answered no bytes. Give one that can, on all servers.
   */
  | 'RAFT_RESULT_NOT_KEPT'
  /** Another entry was committed in the command's place: it never took effect. Propose it again. */
  | 'RAFT_PROPOSAL_LOST'
  /** Another change of membership is not committed yet. Wait, then ask again. */
  | 'RAFT_CHANGE_UNDER_WAY'
  /** The membership was changed to something else before, or since, this change was done. */
  | 'RAFT_CHANGE_SUPERSEDED'
  /** The change needs servers that do not answer now, or lack the log. Nothing was changed. */
  | 'RAFT_QUORUM_AT_RISK'
  /** A server that was removed cannot be added again. Give its machine a new id and an empty disk. */
  | 'RAFT_ID_REMOVED'
  /** This server was removed from the cluster: nothing can be asked of it any more. */
  | 'RAFT_REMOVED'
  /** The lead is being handed over, which ends within an election timeout. Ask again then. */
  | 'RAFT_TRANSFER_UNDER_WAY'
  /** The lead was not handed over: the other did not take it in time, or a third has it. */
  | 'RAFT_TRANSFER_FAILED'
  /** Local state may be older than the caller accepts. Ask without `ifOlder: 'fail'`, or elsewhere. */
  | 'RAFT_TOO_OLD'
  /** Bytes on the disk are not what was written there. */
  | 'RAFT_STORAGE_CORRUPT'
  /** The data directory belongs to another cluster or to another server. */
  | 'RAFT_WRONG_DIRECTORY'
  /** The data directory cannot be made or used: a file is in its way, or its permissions. Correct it. */
  | 'RAFT_BAD_DIRECTORY'
  /** A recovery would not do what was asked for. Nothing was changed. */
  | 'RAFT_RECOVERY_REFUSED'
  /** Another process has the data directory open. */
  | 'RAFT_DIRECTORY_LOCKED'
  /** A write or a sync failed. Final: the kernel may have dropped what it could not write. */
  | 'RAFT_DISK_FAILED'
  /** No room on the disk for more log. */
  | 'RAFT_DISK_FULL'
  /** The state machine threw, or could not be started. Final: replicas that skip a command differ for ever. */
  | 'RAFT_MACHINE_FAILED'
  | 'RAFT_CLOSED'
  | 'RAFT_COMMAND_TOO_LARGE'
  | 'RAFT_BAD_OPTION'
  /** The host has this group open already. */
  | 'RAFT_GROUP_OPEN'
  /** Another host began the group with other voters: two clusters under one id. */
  | 'RAFT_GROUP_MISMATCH'
  /** The group was removed from this host, and can never be opened on it again. */
  | 'RAFT_GROUP_REMOVED'
  | 'RAFT_ADDRESS_IN_USE';

export interface RaftErrorOptions extends ErrorOptions {
  /** Facts for the log line and for tests; never parsed, never required to recover. */
  readonly details?: Readonly<Record<string, string | number>>;
}

/**
 * An expected failure: the cluster, the disk or the caller did something the protocol allows for.
 * (A bug in this program is an InvariantViolation instead, and stops the node.)
 *
 * Match on `code`, not on the class or the message: `code` survives two copies of this package in
 * one process, and messages may be reworded in any release.
 */
export class RaftError extends Error {
  override readonly name: string = 'RaftError';
  readonly code: RaftErrorCode;
  readonly details: Readonly<Record<string, string | number>>;

  constructor(code: RaftErrorCode, message: string, options: RaftErrorOptions = {}) {
    super(message, options);
    this.code = code;
    this.details = options.details ?? {};
  }
}

/** The only subclass so far: a caller needs more than a code to act on this one. */
export class NotLeaderError extends RaftError {
  override readonly name = 'NotLeaderError';
  /** Where to retry, or undefined while no leader is known. */
  readonly leaderId: number | undefined;
  /**
   * Where the other servers reach that one. Which machine it is, this tells; on which port the
   * application answers there, only the application knows.
   */
  readonly leaderAddress: PeerAddress | undefined;

  constructor(
    leaderId: number | undefined,
    leaderAddress?: PeerAddress,
    options?: RaftErrorOptions,
  ) {
    super(
      'RAFT_NOT_LEADER',
      `this server does not lead; ${hint(leaderId, leaderAddress)}`,
      options,
    );
    this.leaderId = leaderId;
    this.leaderAddress = leaderAddress;
  }
}

function hint(leaderId: number | undefined, address: PeerAddress | undefined): string {
  if (leaderId === undefined) return 'no leader is known; retry after an election';
  const where = address === undefined ? '' : ` (its peers reach it at ${addressText(address)})`;
  return `retry at server ${leaderId}${where}`;
}
