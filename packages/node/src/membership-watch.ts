/**
 * Who takes part, as the world around the core hears of it: the transport, whoever listens, and the
 * server itself when it has been removed.
 */

import type { MembershipState, NodeId, Raft } from '@quorate/core';
import { isMember, isVoter } from '@quorate/core';
import type { ClusterMembership, LogLine, PeerAddress, Standing } from './api.ts';
import { NotLeaderError, RaftError } from './errors.ts';
import { peersOf } from './peers/address.ts';
import type { GroupTransport } from './peers/transport.ts';

export interface MembershipHost {
  readonly raft: Raft;
  readonly id: NodeId;
  /** The option `peers`. */
  readonly atStart: Readonly<Record<number, PeerAddress>>;
  readonly transport: Pick<GroupTransport, 'setPeers'>;
  readonly log: LogLine;
}

export class MembershipWatch {
  readonly #host: MembershipHost;
  readonly #listeners = new Set<(membership: ClusterMembership) => void>();
  #known: MembershipState | undefined;
  /** Peers say that we were removed. Our log may not have got as far. */
  #isToldOff = false;
  #removal: RaftError | undefined;

  constructor(host: MembershipHost) {
    this.#host = host;
  }

  /** Last thing in a turn; the first time before anything is sent. */
  look(): void {
    const { raft, id, atStart, transport, log } = this.#host;
    const { membership } = raft;
    if (membership === this.#known) return;
    const before = this.#known;
    this.#known = membership;
    transport.setPeers(peersOf(membership, id, atStart));
    const { configuration, index, isCommitted } = membership;
    if (before?.configuration === configuration && before.isCommitted === isCommitted) return;
    if (before !== undefined) {
      const { voters, outgoing, learners } = configuration;
      log('info', 'membership', { index, isCommitted, voters, outgoing, learners });
    }
    this.#changed();
  }

  get current(): ClusterMembership {
    const { raft, id, atStart } = this.#host;
    const { configuration, index, isCommitted } = raft.membership;
    const addresses: Record<number, PeerAddress> = {};
    const self = atStart[id];
    if (self !== undefined && isMember(configuration, id)) addresses[id] = self;
    for (const [peer, address] of peersOf(raft.membership, id, atStart).addresses) {
      if (address !== undefined) addresses[peer] = address;
    }
    return { ...configuration, addresses, index, isCommitted, standing: this.standing };
  }

  get standing(): Standing {
    const { raft, id } = this.#host;
    const { configuration, isCommitted } = raft.membership;
    if (this.#isToldOff || (isCommitted && configuration.removed.includes(id))) return 'removed';
    if (isVoter(configuration, id)) return 'voter';
    if (configuration.learners.includes(id)) return 'learner';
    return configuration.removed.includes(id) ? 'leaving' : 'waiting';
  }

  /** For who asks what only a leader may be asked. */
  notLeader(): NotLeaderError {
    const { leaderId } = this.#host.raft;
    const address = leaderId === undefined ? undefined : this.current.addresses[leaderId];
    return new NotLeaderError(leaderId, address);
  }

  /** Why nothing can be asked of this server any more, if so. */
  get removal(): RaftError | undefined {
    return this.#removal;
  }

  /** A peer refuses us because we left. */
  toldOff(by: NodeId): void {
    if (this.standing === 'removed') return;
    this.#isToldOff = true;
    this.#host.log('warn', 'a peer says that this server was removed', { peer: by });
    this.#changed();
  }

  listen(listener: (membership: ClusterMembership) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #changed(): void {
    const { current } = this;
    if (current.standing === 'removed' && this.#removal === undefined) {
      const problem = 'this server was removed from the cluster';
      const remedy = 'close it; to take part again it needs a new id and an empty directory';
      this.#removal = new RaftError('RAFT_REMOVED', `${problem}; ${remedy}`);
      this.#host.log('warn', problem, { index: current.index });
    }
    for (const listener of this.#listeners) listener(current);
  }
}
