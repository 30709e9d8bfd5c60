/**
 * Calls that most turns know nothing of: reads, changes of members, transfers of the lead. They are
 * looked after only while there are some, since of thousands of groups each place to look is cold.
 */

import type { Milliseconds } from '@quorate/core';
import type { RaftError } from '../errors.ts';
import { LeadershipTransfers } from './leadership-transfers.ts';
import { MembershipChanges, type MembershipChangesOptions } from './membership-changes.ts';
import type { CallHost } from './proposals.ts';
import { type ReadLimits, Reads } from './reads.ts';

export class RareCalls {
  readonly reads: Reads;
  readonly changes: MembershipChanges;
  readonly transfers: LeadershipTransfers;
  #areThereAny = false;

  constructor(
    host: CallHost,
    {
      limits,
      appliedIndex,
      ...changes
    }: Omit<MembershipChangesOptions, 'host'> & {
      readonly limits: ReadLimits;
      readonly appliedIndex: ConstructorParameters<typeof Reads>[2];
    },
  ) {
    const wake = (): void => {
      this.#areThereAny = true;
      host.wake();
    };
    const noticed = { ...host, wake };
    this.reads = new Reads(noticed, limits, appliedIndex);
    this.changes = new MembershipChanges({ ...changes, host: noticed });
    this.transfers = new LeadershipTransfers(noticed);
  }

  /** First thing in a turn: what was asked for is put to the core. */
  place(now: Milliseconds): void {
    if (!this.#areThereAny) return;
    const { reads, changes, transfers } = this;
    reads.ask(now);
    changes.place(now);
    transfers.place(now);
    this.#areThereAny = !(reads.isIdle && changes.isIdle && transfers.isIdle);
  }

  /** When `place` must run again though nothing else happens. */
  get nextDeadline(): Milliseconds {
    if (!this.#areThereAny) return Infinity;
    return Math.min(this.reads.nextDeadline, this.changes.nextDeadline);
  }

  /** Last thing in a turn: what has become of those that are under way? */
  look(): void {
    if (!this.#areThereAny) return;
    this.changes.look();
    this.transfers.look();
  }

  close(reason: RaftError): void {
    this.reads.close(reason);
    this.changes.close(reason);
    this.transfers.close(reason);
  }
}
