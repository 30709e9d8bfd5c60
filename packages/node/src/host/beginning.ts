/**
 * With whom a group began here, and at which other hosts it is known to have begun likewise.
 *
 * Two hosts that began a group with different voters have two groups under one id. So when a group is
 * opened all hosts are asked, and until a host has answered nothing of the group is heard from it. From
 * then on nothing is compared: a host that opens the group later asks in its turn.
 */

import type { NodeId } from '@quorate/core';

const NOBODY: readonly NodeId[] = [];

export class Beginning {
  /** Ascending. None: it is to be added here, or nobody knows any more. */
  readonly voters: readonly NodeId[];
  /** Other hosts that have not answered, and those that have begun otherwise: mostly none. */
  #unknown: readonly NodeId[];
  #different = NOBODY;

  constructor(voters: readonly NodeId[], hosts: readonly NodeId[]) {
    this.voters = voters;
    this.#unknown = voters.length === 0 ? NOBODY : hosts;
  }

  isSameAt(host: NodeId): boolean {
    return !this.isAskedOf(host) && !this.#different.includes(host);
  }

  /** It has not answered. */
  isAskedOf(host: NodeId): boolean {
    return this.#unknown.includes(host);
  }

  /** It does not have the group now; with whom it will begin, if it does, must be asked then. */
  isUnknownAt(host: NodeId): void {
    if (this.voters.length === 0 || this.isAskedOf(host)) return;
    this.#different = without(this.#different, host);
    this.#unknown = [...this.#unknown, host];
  }

  /** True: this is the news that it differs. */
  isNewlyOther(host: NodeId, theirs: readonly NodeId[]): boolean {
    const ours = this.voters;
    const areEqual = ours.length === theirs.length && ours.every((id, at) => id === theirs[at]);
    const isSame = areEqual || ours.length === 0 || theirs.length === 0;
    const isNews = !isSame && !this.#different.includes(host);
    this.#unknown = without(this.#unknown, host);
    if (isSame) this.#different = without(this.#different, host);
    else if (isNews) this.#different = [...this.#different, host];
    return isNews;
  }
}

function without(hosts: readonly NodeId[], host: NodeId): readonly NodeId[] {
  if (!hosts.includes(host)) return hosts;
  return hosts.length === 1 ? NOBODY : hosts.filter((other) => other !== host);
}
