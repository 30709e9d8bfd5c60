/**
 * Stands in front of a state machine and keeps the client sessions (dissertation §6.3): of all that
 * sessions have proposed, the machine sees each command once, and knows nothing of the rest.
 *
 * Commands without a session pass through as they are.
 */

import { type LogIndex, nextIndex } from '@quorate/core';
import {
  allSessionRows,
  changedSessionRows,
  decodeSessionEntry,
  decodeSessionTable,
  encodeSessionTable,
  SessionTable,
  sessionTableOfRows,
} from '@quorate/wire';
import type { CommittedBatch } from '../apply/committed-batch.ts';
import type { CommittedCommands, StateMachine } from '../state-machine.ts';
import { Portion, type SessionReply } from './portion.ts';
import { splitSessionTable, withSessionTable } from './snapshot-section.ts';

export class SessionMachine<Result> implements StateMachine<Result | SessionReply> {
  readonly sync?: () => Promise<LogIndex>;
  /** Called when sessions may have been opened or ended. */
  onChange: () => void = () => {};
  readonly #machine: StateMachine<Result>;
  readonly #encodeResult: (result: Result) => Uint8Array;
  #table = new SessionTable();

  constructor(machine: StateMachine<Result>, encodeResult: (result: Result) => Uint8Array) {
    this.#machine = machine;
    this.#encodeResult = encodeResult;
    if (machine.sync !== undefined) this.sync = machine.sync.bind(machine);
  }

  /** Whether a machine can be given sessions: the runtime saves its snapshots, or it saves the rows. */
  static canServe(machine: StateMachine<unknown>): boolean {
    return machine.sync === undefined || machine.sessionRows !== undefined;
  }

  get table(): SessionTable {
    return this.#table;
  }

  async open(): Promise<LogIndex> {
    const index = await this.#machine.open();
    const rows = await this.#machine.sessionRows?.();
    if (rows !== undefined) this.#table = sessionTableOfRows(rows);
    return index;
  }

  apply(
    batches: readonly CommittedCommands[],
  ): readonly (Result | SessionReply)[] | Promise<readonly (Result | SessionReply)[]> {
    // The applier hands out nothing else.
    const given = batches as readonly CommittedBatch[];
    if (!given.some(({ isOfSessions }) => isOfSessions)) return this.#machine.apply(batches);
    const portion = new Portion(this.#encodeResult);
    for (const batch of given) {
      if (batch.isOfSessions) this.#takeEntries(batch, portion);
      else portion.addBatch(batch);
    }
    return this.#machine.sessionRows === undefined
      ? this.#applyInMemory(portion)
      : this.#applyOnDisk(portion);
  }

  snapshot(): AsyncIterable<Uint8Array> {
    return withSessionTable(encodeSessionTable(this.#table), this.#machine.snapshot());
  }

  async restore(index: LogIndex, chunks: AsyncIterable<Uint8Array>): Promise<void> {
    const { table: bytes, rest } = await splitSessionTable(chunks);
    const table = bytes === undefined ? new SessionTable() : decodeSessionTable(bytes);
    if (this.#machine.sessionRows === undefined) await this.#machine.restore(index, rest);
    else await this.#machine.restore(index, rest, allSessionRows(table));
    this.#table = table;
    this.onChange();
  }

  async close(): Promise<void> {
    await this.#machine.close?.();
  }

  #takeEntries(batch: CommittedBatch, portion: Portion<Result>): void {
    let index = batch.firstIndex;
    for (const bytes of batch.entries()) {
      portion.add(index, batch.term, this.#table.apply(index, decodeSessionEntry(bytes)));
      index = nextIndex(index);
    }
  }

  #applyInMemory(
    portion: Portion<Result>,
  ): readonly (Result | SessionReply)[] | Promise<readonly (Result | SessionReply)[]> {
    const finish = (results: readonly Result[]) => {
      portion.complete(results, this.#table);
      // Nobody asks for rows.
      this.#table.takeChanged();
      this.onChange();
      return portion.replies();
    };
    if (portion.batches.length === 0) return finish([]);
    const results = this.#machine.apply(portion.batches);
    if (results instanceof Promise) return results.then(finish);
    return finish(results as readonly Result[]);
  }

  async #applyOnDisk(portion: Portion<Result>): Promise<readonly (Result | SessionReply)[]> {
    let isSaved = false;
    const rowsAfter = (results: readonly Result[]) => {
      isSaved = true;
      portion.complete(results, this.#table);
      return changedSessionRows(this.#table);
    };
    await this.#machine.apply(portion.batchesToEnd(), { rowsAfter });
    if (!isSaved) throw new TypeError('apply was given sessions to save and did not ask for rows');
    this.onChange();
    return portion.replies();
  }
}
