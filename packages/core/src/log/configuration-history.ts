import type { Configuration } from '../configuration/configuration.ts';
import type { SnapshotMeta } from '../entry.ts';
import type { ConfigurationAt } from '../stored.ts';
import type { LogIndex } from '../types.ts';

/**
 * Which configuration is in force where. The newest one in the log counts, committed or not (§6),
 * so truncating the log brings the one before it back.
 */
export class ConfigurationHistory {
  #history: ConfigurationAt[];
  /** The last of them, which is asked for several times a turn. */
  #current: ConfigurationAt;

  constructor(snapshot: ConfigurationAt, later: readonly ConfigurationAt[]) {
    this.#history = [snapshot, ...later];
    this.#current = this.#history.at(-1)!;
  }

  /** In force now. */
  get current(): Configuration {
    return this.#current.configuration;
  }

  /** Where the one in force now stands in the log; at or below the snapshot's index: in there. */
  get currentIndex(): LogIndex {
    return this.#current.index;
  }

  /** In force at `index`, for the snapshot taken there. */
  at(index: LogIndex): Configuration {
    let found = this.#history[0]!;
    for (const entry of this.#history) if (entry.index <= index) found = entry;
    return found.configuration;
  }

  /** The configurations one of which is in force, if entries up to `commitIndex` are committed. */
  possible(commitIndex: LogIndex): readonly Configuration[] {
    const committed = this.#history.findLastIndex((entry) => entry.index <= commitIndex);
    return this.#history.slice(Math.max(0, committed)).map((entry) => entry.configuration);
  }

  add(entry: ConfigurationAt): void {
    this.#history.push(entry);
    this.#current = entry;
  }

  truncateFrom(index: LogIndex): void {
    while (this.#history.length > 1 && this.#history[this.#history.length - 1]!.index >= index) {
      this.#history.pop();
    }
    this.#current = this.#history.at(-1)!;
  }

  /** A snapshot stands for everything up to its index. */
  snapshotTaken(snapshot: SnapshotMeta): void {
    const later = this.#history.filter((entry) => entry.index > snapshot.index);
    this.#history = [snapshot, ...later];
    this.#current = this.#history.at(-1)!;
  }

  restore(snapshot: SnapshotMeta): void {
    this.#history = [snapshot];
    this.#current = snapshot;
  }
}
