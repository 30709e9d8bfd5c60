/**
 * What the state machines of a run were given, index by index, whoever came first; everybody after
 * must be given the same, and stand in the same state.
 */

import type { LogIndex, Milliseconds, Term } from '@quorate/core';
import type { Time } from '../time.ts';
import { PropertyViolation } from '../violation.ts';

/** What whoever proposed an entry is told when it has been applied. */
export type Reply =
  /** A command: by this entry or, in a session, by an earlier one. */
  | { readonly kind: 'applied'; readonly output: string }
  | { readonly kind: 'opened'; readonly session: number }
  /** Of a session's entry: its answer is forgotten, the session has ended, it was taken. */
  | { readonly kind: 'forgotten' | 'expired' | 'done' };

interface AppliedEntry {
  readonly term: Term;
  /** The clients' command that took effect here; undefined where none did. */
  readonly command: string | undefined;
  readonly reply: Reply;
  /** Of the whole state after it. */
  readonly fingerprint: number;
}

/** Where a command took effect, and when the first of the state machines had it. */
export interface Effect {
  readonly index: LogIndex;
  readonly at: Milliseconds;
  readonly reply: Reply;
}

export class RecordOfApplied {
  readonly #time: Time;
  /** Position 0 is unused. */
  readonly #entries: (AppliedEntry | undefined)[] = [undefined];
  readonly #effects = new Map<string, Effect>();
  /** What each key held after which index, ascending. */
  readonly #versions = new Map<string, { readonly index: LogIndex; readonly value: string }[]>();
  /** Sessions that were told that they have ended. */
  readonly #ended = new Set<number>();

  constructor(time: Time) {
    this.#time = time;
  }

  get lastIndex(): LogIndex {
    return (this.#entries.length - 1) as LogIndex;
  }

  get commandCount(): number {
    return this.#effects.size;
  }

  at(index: LogIndex): AppliedEntry | undefined {
    return this.#entries[index];
  }

  /** Where a command took effect. */
  indexOf(command: string): LogIndex | undefined {
    return this.#effects.get(command)?.index;
  }

  effectOf(command: string): Effect | undefined {
    return this.#effects.get(command);
  }

  /** `value`: what the key of a command holds now. */
  applied(index: LogIndex, entry: AppliedEntry, key: string, value: string): void {
    const known = this.#entries[index];
    if (known !== undefined) {
      this.expectFingerprint(index, entry.fingerprint);
      return;
    }
    this.#entries[index] = entry;
    if (entry.command === undefined) return;
    const earlier = this.indexOf(entry.command);
    if (earlier !== undefined) {
      throw new PropertyViolation(
        'appliedOnce',
        `"${entry.command}" was applied as entry ${earlier} and as entry ${index}`,
      );
    }
    this.#effects.set(entry.command, { index, at: this.#time.now(), reply: entry.reply });
    const versions = this.#versions.get(key);
    if (versions === undefined) this.#versions.set(key, [{ index, value }]);
    else versions.push({ index, value });
  }

  /** A session's entry, not yet recorded, has found it open or not. Its id is never given again. */
  expectEnded(session: number, isOpen: boolean): void {
    if (!isOpen) this.#ended.add(session);
    else if (this.#ended.has(session)) {
      throw new PropertyViolation('sessionsStayEnded', `session ${session} had ended and is open`);
    }
  }

  /** A state machine stands at `index` with this state. */
  expectFingerprint(index: LogIndex, fingerprint: number): void {
    const known = this.#entries[index];
    if (known?.fingerprint === fingerprint) return;
    throw new PropertyViolation(
      'stateMachineSafety',
      `after entry ${index} one server's state is ${fingerprint}, another's ${known?.fingerprint}`,
    );
  }

  /** What `key` held after entry `index`. */
  valueAt(key: string, index: LogIndex): string {
    return this.#versions.get(key)?.findLast((version) => version.index <= index)?.value ?? '';
  }
}
