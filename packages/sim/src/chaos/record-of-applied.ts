/**
 * What the state machines of a run were given, index by index, whoever came first; everybody after
 * must be given the same, and stand in the same state.
 */

import type { LogIndex, Term } from '@quorate/core';
import { PropertyViolation } from '../violation.ts';

interface AppliedEntry {
  readonly term: Term;
  /** The clients' command; undefined for entries of the protocol's own. */
  readonly command: string | undefined;
  /** What its client is answered. */
  readonly output: string;
  /** Of the whole state after it. */
  readonly fingerprint: number;
}

export class RecordOfApplied {
  /** Position 0 is unused. */
  readonly #entries: (AppliedEntry | undefined)[] = [undefined];
  readonly #indexOf = new Map<string, LogIndex>();
  /** What each key held after which index, ascending. */
  readonly #versions = new Map<string, { readonly index: LogIndex; readonly value: string }[]>();

  get lastIndex(): LogIndex {
    return (this.#entries.length - 1) as LogIndex;
  }

  get commandCount(): number {
    return this.#indexOf.size;
  }

  at(index: LogIndex): AppliedEntry | undefined {
    return this.#entries[index];
  }

  indexOf(command: string): LogIndex | undefined {
    return this.#indexOf.get(command);
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
    const earlier = this.#indexOf.get(entry.command);
    if (earlier !== undefined) {
      throw new PropertyViolation(
        'appliedOnce',
        `"${entry.command}" was applied as entry ${earlier} and as entry ${index}`,
      );
    }
    this.#indexOf.set(entry.command, index);
    const versions = this.#versions.get(key);
    if (versions === undefined) this.#versions.set(key, [{ index, value }]);
    else versions.push({ index, value });
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
