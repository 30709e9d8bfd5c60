/** The sessions of one state machine of a random run: the runtime's own table (dissertation §6.3). */

import { INDEX_ZERO, type LogIndex } from '@quorate/core';
import {
  decodeSessionEntry,
  decodeSessionTable,
  encodeSessionTable,
  type SessionEntry,
  SessionTable,
  type SessionVerdict,
} from '@quorate/wire';
import type { RecordOfApplied } from './record-of-applied.ts';
import { decodeText } from './text.ts';

export class StoreSessions {
  readonly #record: RecordOfApplied;
  readonly #note: (what: string) => void;
  #table = new SessionTable();
  /** What was applied up to there is known by a snapshot. */
  #restoredAt = INDEX_ZERO;

  constructor(record: RecordOfApplied, note: (what: string) => void) {
    this.#record = record;
    this.#note = note;
  }

  /** What is to be done about a session's entry. */
  take(index: LogIndex, bytes: Uint8Array): SessionVerdict {
    const entry = decodeSessionEntry(bytes);
    const { size } = this.#table;
    const verdict = this.#table.apply(index, entry);
    // Nobody keeps rows.
    this.#table.takeChanged();
    if (index > this.#record.lastIndex) this.#tell(entry, verdict, this.#table.size - size);
    if (entry.kind === 'command' && verdict.kind === 'applied') this.#tellWhence(entry.command);
    return verdict;
  }

  complete(session: number, serial: number, response: Uint8Array): void {
    this.#table.complete(session, serial, response);
  }

  encode(): Uint8Array {
    return encodeSessionTable(this.#table);
  }

  restore(index: LogIndex, bytes: Uint8Array): void {
    this.#table = decodeSessionTable(bytes);
    this.#restoredAt = index;
    if (this.#table.size > 0) this.#note('sessions restored');
  }

  /** Once for each entry, by whoever applies it first. */
  #tell(entry: SessionEntry, verdict: SessionVerdict, grown: number): void {
    this.#note(`session entry: ${verdict.kind}`);
    if (entry.kind === 'clock' && grown < 0) this.#note('sessions ended by time');
    if (entry.kind === 'open' && grown < 1) this.#note('session made room');
    if (entry.kind !== 'command' && entry.kind !== 'renew') return;
    this.#record.expectEnded(entry.session, verdict.kind !== 'expired');
  }

  #tellWhence(command: Uint8Array): void {
    const first = this.#record.indexOf(decodeText(command));
    if (first !== undefined && first <= this.#restoredAt)
      this.#note('session answered from a restored table');
  }
}
