/**
 * The service under the lab's Raft tests: it remembers what was applied where, and compares all
 * servers at every single entry.
 */

import type { Batch, LogIndex, NodeId, SnapshotMeta } from '@quorate/core';
import { commandsOf } from '../commands.ts';
import type { Server, Service } from '../server.ts';
import { expect } from './failure.ts';
import { decodeValue, decodeValues, encodeValues, type Value } from './value.ts';

/** With snapshots, one is taken after each index that ends in 9. */
const SNAPSHOT_INTERVAL = 10;

/** What each server has applied, as the tests look at it. */
export class AppliedLogs {
  readonly #logs = new Map<NodeId, Map<number, Value>>();
  maxIndex = 0;

  /** A server starts with nothing applied. */
  begin(id: NodeId): Map<number, Value> {
    const log = new Map<number, Value>();
    this.#logs.set(id, log);
    return log;
  }

  /** No server may have applied another value at this index. */
  compare(id: NodeId, index: number, value: Value): void {
    for (const [other, log] of this.#logs) {
      const theirs = log.get(index);
      if (theirs === undefined || theirs === value) continue;
      expect(false, `servers ${id} and ${other} applied ${value} and ${theirs} at index ${index}`);
    }
    this.maxIndex = Math.max(this.maxIndex, index);
  }

  /** How many servers applied something at `index`, and what. */
  at(index: number): { readonly count: number; readonly value: Value | undefined } {
    let count = 0;
    let value: Value | undefined;
    for (const log of this.#logs.values()) {
      const theirs = log.get(index);
      if (theirs === undefined) continue;
      expect(count === 0 || theirs === value, `${theirs} and ${value} are both at index ${index}`);
      count++;
      value = theirs;
    }
    return { count, value };
  }
}

export class Recorder implements Service {
  readonly #server: Server;
  readonly #logs: AppliedLogs;
  readonly #log: Map<number, Value>;
  readonly #takesSnapshots: boolean;
  #lastApplied = 0;

  constructor(server: Server, logs: AppliedLogs, takesSnapshots: boolean) {
    this.#server = server;
    this.#logs = logs;
    this.#log = logs.begin(server.id);
    this.#takesSnapshots = takesSnapshots;
  }

  apply(batch: Batch): void {
    expect(batch.kind === 'commands', `a ${batch.kind} entry at ${batch.firstIndex}`);
    for (const command of commandsOf(batch)) {
      const index = this.#lastApplied + 1;
      this.#record(index, decodeValue(command));
      const isDue = this.#takesSnapshots && (index + 1) % SNAPSHOT_INTERVAL === 0;
      if (isDue) this.#server.saveSnapshot(index as LogIndex, this.#snapshot());
    }
    const { firstIndex, count } = batch;
    const expected = firstIndex + count - 1;
    expect(this.#lastApplied === expected, `applied ${this.#lastApplied}, expected ${expected}`);
  }

  /** A snapshot holds every command so far; its index is how many there are. */
  restore(snapshot: SnapshotMeta, data: Uint8Array): void {
    const values = decodeValues(data);
    expect(
      values.length === snapshot.index,
      `a snapshot of ${snapshot.index} has ${values.length}`,
    );
    expect(snapshot.index >= this.#lastApplied, `snapshot ${snapshot.index} is behind the service`);
    this.#log.clear();
    this.#lastApplied = 0;
    for (const value of values) this.#record(this.#lastApplied + 1, value);
  }

  #record(index: number, value: Value): void {
    this.#logs.compare(this.#server.id, index, value);
    this.#log.set(index, value);
    this.#lastApplied = index;
  }

  #snapshot(): Uint8Array {
    return encodeValues([...this.#log.values()]);
  }
}
