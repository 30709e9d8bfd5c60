/**
 * With whom a group began here, and at which other hosts it is known to have begun likewise.
 *
 * Two hosts that began a group with different voters have two groups under one id. So when a group is
 * opened all hosts are asked, and until a host has answered nothing of the group is heard from it. From
 * then on nothing is compared: a host that opens the group later asks in its turn.
 */

import type { NodeId } from '@quorate/core';

type Other = 'unknown' | 'differs';

const NONE: ReadonlyMap<NodeId, Other> = new Map();

export class Beginning {
  /** Ascending. None: it is to be added here, or nobody knows any more. */
  readonly voters: readonly NodeId[];
  /** All other hosts but those at which it is the same: mostly none. */
  #others: ReadonlyMap<NodeId, Other>;

  constructor(voters: readonly NodeId[], hosts: readonly NodeId[]) {
    this.voters = voters;
    this.#others = voters.length === 0 ? NONE : new Map(hosts.map((host) => [host, 'unknown']));
  }

  isSameAt(host: NodeId): boolean {
    return !this.#others.has(host);
  }

  /** It has not answered. */
  isAskedOf(host: NodeId): boolean {
    return this.#others.get(host) === 'unknown';
  }

  /** It does not have the group now; with whom it will begin, if it does, must be asked then. */
  isUnknownAt(host: NodeId): void {
    if (this.voters.length === 0 || this.isAskedOf(host)) return;
    this.#others = new Map(this.#others).set(host, 'unknown');
  }

  /** True: this is the news that it differs. */
  isNewlyOther(host: NodeId, theirs: readonly NodeId[]): boolean {
    const ours = this.voters;
    const areEqual = ours.length === theirs.length && ours.every((id, at) => id === theirs[at]);
    const isSame = areEqual || ours.length === 0 || theirs.length === 0;
    const before = this.#others.get(host);
    if (isSame ? before === undefined : before === 'differs') return false;
    const others = new Map(this.#others);
    if (isSame) others.delete(host);
    else others.set(host, 'differs');
    this.#others = others.size === 0 ? NONE : others;
    return !isSame;
  }
}
