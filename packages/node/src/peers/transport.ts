/**
 * How messages get from one server to another. `tcp-transport.ts` is the one in use;
 * `memory-network.ts` joins servers of one process, for tests and benchmarks.
 *
 * A transport may lose, delay, duplicate and reorder messages between two servers: the protocol
 * copes. It should not reorder without need, because each gap costs a round trip.
 */

import type { InstallSnapshot, Message, NodeId } from '@quorate/core';
import type { HeldSnapshot, HostMessage, Prefix } from '@quorate/wire';
import type { PeerAddress } from '../api.ts';
import type { RaftError } from '../errors.ts';

/** Which of a host's groups a message is of: above 0. A server that is its only group has this one. */
export const ONLY_GROUP = 0;

/** What one host says to another, of no group or about one. */
export type HostWord = Exclude<HostMessage, { readonly kind: 'forGroup' }>;

/** Who may speak with this server. It is not in the list itself. */
export interface Peers {
  /** Undefined: where it was until now, or wherever it calls from. */
  readonly addresses: ReadonlyMap<NodeId, PeerAddress | undefined>;
  /** Their calls are refused with the news. */
  readonly removed: readonly NodeId[];
  /**
   * Takes calls from whoever is of this cluster and was not removed: a server that is behind, or waits to
   * be added, does not know everybody who may lead.
   */
  readonly areStrangersWelcome: boolean;
}

export interface Transport {
  /**
   * Begins to hear. Called once, first.
   *
   * @throws {RaftError} `RAFT_ADDRESS_IN_USE`
   */
  open(receiver: Receiver): Promise<void>;

  /** From now on these are the peers: connects to the new ones, and lets go of those that are gone. */
  setPeers(peers: Peers): void;

  /**
   * Hands a message over. It may leave now or at the next `flush`. False: it certainly did not and
   * will not leave, because there is no connection or the queue to that peer is full.
   */
  send(message: Message, group: number): boolean;

  /** Says something to a host; lost where a message would be. */
  say(to: NodeId, word: HostWord): void;

  /** What was handed over leaves now, in one piece for each peer. */
  flush(): void;

  /**
   * Sends a snapshot. Resolves when the peer has it on its disk; fails when it does not move.
   *
   * @param source Is told what the peer holds already and decides what is sent.
   */
  sendSnapshot(
    group: number,
    to: NodeId,
    source: SnapshotSource,
    signal: AbortSignal,
  ): Promise<void>;

  connectedPeers(): readonly NodeId[];

  close(): Promise<void>;
}

/** Goes on with what a peer holds if it can, else begins anew. */
export type SnapshotSource = (held: HeldSnapshot | undefined) => Promise<SnapshotTransfer>;

/** A snapshot on its way. */
export interface SnapshotTransfer {
  readonly message: InstallSnapshot;
  /** What the chunks follow: all that the peer holds, or nothing. */
  readonly after: Prefix;
  readonly chunks: AsyncIterable<Uint8Array>;
}

/** A leader has a snapshot for us. */
export interface IncomingSnapshot {
  readonly from: NodeId;
  /** Says what is here already; resolves with what comes. */
  begin(held: HeldSnapshot | undefined): Promise<SnapshotTransfer>;
  /** So many bytes of it are here. */
  progressed(byteLength: number): void;
  /** Gives up the transfer. */
  cancel(reason: Error): void;
}

/** Who hears of what arrives. All but the last only take note, and may be called at any time. */
export interface Receiver {
  received(message: Message, group: number): void;
  /** A host speaks for itself. */
  heard(from: NodeId, word: HostWord): void;
  /** A connection to this peer is there, perhaps in place of another. */
  connected(peer: NodeId): void;
  /** The connection to this peer is lost, and messages with it. */
  unreachable(peer: NodeId): void;
  /** More waits for this peer than may; a message of this group was the first to be lost. */
  overflowing(peer: NodeId, group: number): void;
  /** This peer says that we were removed from the cluster. */
  removed(by: NodeId): void;
  /** Resolves when the snapshot is on this server's disk. */
  receivedSnapshot(group: number, incoming: IncomingSnapshot): Promise<void>;
}

/** A transport as one group sees it. */
export interface GroupTransport {
  /** False where members can only be hosts that are connected anyway. */
  readonly takesAddresses: boolean;
  open(receiver: GroupReceiver): Promise<void>;
  setPeers(peers: Peers): void;
  send(message: Message): boolean;
  flush(): void;
  sendSnapshot(to: NodeId, source: SnapshotSource, signal: AbortSignal): Promise<void>;
  connectedPeers(): readonly NodeId[];
  close(): Promise<void>;
}

/** A receiver as one group sees it. */
export interface GroupReceiver {
  received(message: Message): void;
  unreachable(peer: NodeId): void;
  removed(by: NodeId): void;
  /** Needed only by groups at rest. */
  reachable(peer: NodeId): void;
  /** A peer began the group with other voters: nothing of it is heard. */
  mismatched(error: RaftError): void;
  receivedSnapshot(incoming: IncomingSnapshot): Promise<void>;
}
