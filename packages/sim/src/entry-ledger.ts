import type { Batch, LogIndex, NodeId, Term } from '@quorate/core';
import { commandsOf, isSameBytes } from './commands.ts';
import { PropertyViolation } from './violation.ts';

interface KnownEntry {
  /** The term of the entry before it. Undefined when a snapshot hid it. */
  previousTerm: Term | undefined;
  readonly kind: Batch['kind'];
  readonly command: Uint8Array | undefined;
}

/**
 * Every entry that any server ever stored, by (index, term).
 *
 * Log Matching follows by induction from two facts that are checked here for each entry: whoever
 * stores (index, term) stores the same command, and has an entry of the same term before it.
 */
export class EntryLedger {
  readonly #entries = new Map<LogIndex, Map<Term, KnownEntry>>();

  /** `id` stores `batches` after an entry of `previousTerm`. */
  recordAll(id: NodeId, batches: readonly Batch[], previousTerm: Term | undefined): void {
    let before = previousTerm;
    for (const batch of batches) {
      this.#record(id, batch, before);
      before = batch.term;
    }
  }

  #record(id: NodeId, batch: Batch, previousTerm: Term | undefined): void {
    let before = previousTerm;
    this.#forEach(batch, (index, entry) => {
      const known = this.#find(index, batch.term);
      if (known === undefined) {
        this.#add(index, batch.term, { ...entry, previousTerm: before });
      } else {
        expectSame(id, index, batch.term, known, entry);
        known.previousTerm ??= before;
        if (before !== undefined && known.previousTerm !== before) {
          throw new PropertyViolation(
            'logMatching',
            `server ${id} has entry ${index} of term ${batch.term} after one of term ${before}, ` +
              `another has it after one of term ${known.previousTerm}`,
          );
        }
      }
      before = batch.term;
    });
  }

  /** `batch` must be what was stored under its indexes and term. */
  expectKnown(id: NodeId, batch: Batch): void {
    this.#forEach(batch, (index, entry) => {
      const known = this.#find(index, batch.term);
      if (known === undefined) {
        throw new PropertyViolation(
          'stateMachineSafety',
          `server ${id} applies entry ${index} of term ${batch.term}, which nobody ever stored`,
        );
      }
      expectSame(id, index, batch.term, known, entry);
    });
  }

  #forEach(
    batch: Batch,
    visit: (index: LogIndex, entry: Pick<KnownEntry, 'kind' | 'command'>) => void,
  ): void {
    const { kind } = batch;
    let index = batch.firstIndex;
    if (kind !== 'commands') {
      visit(index, { kind, command: undefined });
      return;
    }
    for (const command of commandsOf(batch)) {
      visit(index, { kind, command });
      index = (index + 1) as LogIndex;
    }
  }

  #find(index: LogIndex, term: Term): KnownEntry | undefined {
    return this.#entries.get(index)?.get(term);
  }

  #add(index: LogIndex, term: Term, entry: KnownEntry): void {
    const terms = this.#entries.get(index);
    if (terms === undefined) this.#entries.set(index, new Map([[term, entry]]));
    else terms.set(term, entry);
  }
}

function expectSame(
  id: NodeId,
  index: LogIndex,
  term: Term,
  known: KnownEntry,
  entry: Pick<KnownEntry, 'kind' | 'command'>,
): void {
  if (known.kind === entry.kind && isSameBytes(known.command, entry.command)) return;
  throw new PropertyViolation(
    'logMatching',
    `server ${id} has another command than others in entry ${index} of term ${term}`,
  );
}
