/**
 * When a leader may append a configuration (§6; erratum of 2015 to dissertation §4.1): it has committed
 * an entry of its own term, and no configuration before is still uncommitted. Otherwise two leaders could
 * commit with majorities that share nobody.
 */

import type { LogIndex, NodeId, RaftStatus, Term, TraceEvent } from '@quorate/core';
import type { Server } from './server.ts';
import { PropertyViolation } from './violation.ts';

interface Change {
  readonly term: Term;
  readonly index: LogIndex;
}

/** After these another configuration may be in force than before. */
const MAY_CHANGE: readonly TraceEvent['kind'][] = ['appended', 'truncated', 'snapshotInstalled'];

export class ChangeRules {
  /** Whose configuration is to be looked at when its turn is over. */
  readonly #unseen = new Set<NodeId>();
  /** The newest configuration that each server appended as a leader; it may not be written yet. */
  readonly #appended = new Map<NodeId, Change>();

  started(id: NodeId): void {
    this.#unseen.add(id);
  }

  traced(server: Server, event: TraceEvent): void {
    if (MAY_CHANGE.includes(event.kind)) this.#unseen.add(server.id);
    if (event.kind !== 'configurationAppended') return;
    this.#unseen.add(server.id);
    this.#appendedBy(server, event);
  }

  /** The newest configuration in the log is in force, committed or not, and none that was cut (§6). */
  turned({ id, disk }: Server, { configuration }: RaftStatus): void {
    if (!this.#unseen.delete(id)) return;
    const { batches, snapshot } = disk.latest;
    const newest = batches.findLast((batch) => batch.kind === 'configuration');
    const expected = newest?.kind === 'configuration' ? newest.configuration : undefined;
    // One that was replaced by a snapshot is in that; the log may hold older ones than the snapshot.
    const isInLog = newest !== undefined && newest.firstIndex > snapshot.index;
    const inForce = isInLog ? expected : snapshot.configuration;
    if (configuration === inForce) return;
    const [has, stands] = [configuration, inForce].map((of) => JSON.stringify(of));
    if (has === stands) return;
    throw new PropertyViolation(
      'newestIsInForce',
      `server ${id} goes by ${has}; the newest configuration in its log is ${stands}`,
    );
  }

  #appendedBy(server: Server, change: Change): void {
    const { id } = server;
    const { term, index } = change;
    const { commitIndex } = server.status();
    const { latest } = server.disk;
    const committedTerm =
      commitIndex === latest.snapshot.index ? latest.snapshot.term : latest.termAt(commitIndex);
    if (committedTerm !== undefined && committedTerm !== term) {
      throw new PropertyViolation(
        'changesFollow',
        `server ${id} appends a configuration in term ${term}; it has committed up to ${commitIndex}, ` +
          `of term ${committedTerm}`,
      );
    }
    const own = this.#appended.get(id);
    this.#appended.set(id, change);
    const isOpen = (at: LogIndex) => at > commitIndex && at < index;
    const open =
      latest.batches.find((batch) => batch.kind === 'configuration' && isOpen(batch.firstIndex))
        ?.firstIndex ?? (own?.term === term && isOpen(own.index) ? own.index : undefined);
    if (open === undefined) return;
    throw new PropertyViolation(
      'changesFollow',
      `server ${id} appends a configuration at ${index}; the one at ${open} is not committed`,
    );
  }
}
