/**
 * A snapshot, written as an append of the entries that it stands for.
 *
 * The specification has a snapshot begin at entry 1 and takes it for an old append wherever anything
 * is committed, and the reply has no name in a trace. An append from where the follower's commit ends
 * leaves the same log, commitIndex and reply: what the follower has after it, it loses where it
 * conflicts and keeps where it matches, in both (Figure 13, 6 and 7).
 */

import {
  INDEX_ZERO,
  type InstallSnapshot,
  type LogIndex,
  largerIndex,
  type Message,
  type NodeId,
  TERM_ZERO,
  type Term,
} from '@quorate/core';
import type { Server } from '../server.ts';
import type { Line } from './line.ts';
import { snapshotAsAppend, type ToldMessage } from './message-lines.ts';
import type { Slot } from './trace-writer.ts';
import { UntraceableError } from './untraceable.ts';

interface SentSnapshot {
  /** Where the sender's line belongs. */
  readonly slot: Slot;
  /** The sender's state then. */
  readonly sender: Line;
  /** What the sender knew the receiver to hold. */
  readonly match: LogIndex;
}

export class SnapshotLines {
  readonly #sent = new Map<Message, SentSnapshot>();
  /** What each leader knows of each other server, by the replies that were written. */
  readonly #match = new Map<NodeId, Map<NodeId, LogIndex>>();
  /** The term of each committed entry. Position 0 is the beginning of every log. */
  readonly #terms: Term[] = [TERM_ZERO];

  becameLeader(leader: NodeId): void {
    this.#match.set(leader, new Map());
  }

  /** The entries that are committed now and were not before are in the log of whoever says so. */
  committed(server: Server): void {
    const { commitIndex } = server.status();
    for (let index = this.#terms.length; index <= commitIndex; index++) {
      const term = server.disk.latest.termAt(index as LogIndex);
      if (term === undefined) return;
      this.#terms.push(term);
    }
  }

  received(server: Server, message: Message): void {
    const { role, term } = server.status();
    if (message.kind !== 'appendAccepted' || role !== 'leader' || message.term !== term) return;
    const known = this.#match.get(server.id)!;
    const match = known.get(message.from) ?? INDEX_ZERO;
    if (message.matchIndex > match) known.set(message.from, message.matchIndex);
  }

  sent(server: Server, message: InstallSnapshot, slot: Slot, sender: Line): void {
    const match = this.#match.get(server.id)?.get(message.to) ?? INDEX_ZERO;
    this.#sent.set(message, { slot, sender, match });
  }

  /** How the snapshot that arrives is to be written, and where its sender's line belongs. */
  asAppend(
    server: Server,
    message: InstallSnapshot,
  ): { readonly told: ToldMessage; readonly slot: Slot; readonly sender: Line } {
    const { slot, sender, match } = this.#sent.get(message)!;
    const { commitIndex } = server.status();
    const { index: last } = message.snapshot;
    // An old snapshot is an old append: it begins before what is committed.
    const index = last > commitIndex ? largerIndex(match, commitIndex) : match;
    if (index > last && index >= commitIndex) {
      throw new UntraceableError('a snapshot is sent to a server that is known to hold more');
    }
    const entries = Math.max(0, last - index);
    const append = { index, term: this.#terms[index]!, entries, senderCommit: sender.commit };
    const told = snapshotAsAppend(message, append);
    return { told, slot, sender };
  }
}
