/** What the tests of sessions share: a machine that saves its own rows, and links that lose messages. */

import type { LogIndex, Message } from '@quorate/core';
import type { SessionRow } from '@quorate/wire';
import { text } from '../cluster.test.support.ts';
import { changedTransport } from '../peers/transport.test.support.ts';
import type { Transport } from '../peers/transport.ts';
import type { CommittedCommands, SessionSaver, StateMachine } from '../state-machine.ts';

/** An on-disk machine: a list, where it stands and the session rows, replaced together or not at all. */
export class SavingMachine implements StateMachine<number> {
  saved = {
    index: 0 as LogIndex,
    list: [] as readonly string[],
    rows: new Map<string, SessionRow>() as ReadonlyMap<string, SessionRow>,
  };
  /** Called around each transaction; what it throws is a crash. */
  around: (moment: 'before' | 'after') => void = () => {};

  open(): Promise<LogIndex> {
    return Promise.resolve(this.saved.index);
  }

  sessionRows(): Iterable<SessionRow> {
    return this.saved.rows.values();
  }

  sync(): Promise<LogIndex> {
    return Promise.resolve(this.saved.index);
  }

  async apply(
    batches: readonly CommittedCommands[],
    sessions?: SessionSaver<number>,
  ): Promise<readonly number[]> {
    const list = [...this.saved.list];
    const results = batches.flatMap((batch) =>
      [...batch].map((command) => list.push(text(command))),
    );
    const rows = new Map(this.saved.rows);
    for (const row of sessions?.rowsAfter(results) ?? []) {
      if (row.value === undefined) rows.delete(row.key.join());
      else rows.set(row.key.join(), row);
    }
    this.around('before');
    this.saved = { index: batches.at(-1)!.lastIndex, list, rows };
    this.around('after');
    return results;
  }

  async *snapshot(): AsyncGenerator<Uint8Array> {
    yield new TextEncoder().encode(JSON.stringify(this.saved.list));
  }

  async restore(
    index: LogIndex,
    chunks: AsyncIterable<Uint8Array>,
    sessions: readonly SessionRow[] = [],
  ): Promise<void> {
    const parts: Uint8Array[] = [];
    for await (const chunk of chunks) parts.push(chunk);
    const list = JSON.parse(text(Buffer.concat(parts))) as string[];
    this.saved = { index, list, rows: new Map(sessions.map((row) => [row.key.join(), row])) };
  }

  /** Everything that replicas at one index must agree on. */
  get state(): unknown {
    const { list, rows } = this.saved;
    const values = [...rows].map(([key, { value }]) => [key, value?.join()]);
    return { list, rows: values.sort() };
  }
}

/** The same transport, where what `isLost` says of is sent and never arrives. */
export function losing(transport: Transport, isLost: (message: Message) => boolean): Transport {
  return changedTransport(transport, {
    send: (message, group) => isLost(message) || transport.send(message, group),
  });
}
