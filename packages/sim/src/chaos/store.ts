/**
 * The state machine of random runs: strings under keys. Commands are words, `put:key:value` and
 * `append:key:value`, and each occurs once; both are answered with what the key held before.
 */

import type { KeyValueInput } from '@quorate/check';
import { type Batch, INDEX_ZERO, type LogIndex, type SnapshotMeta, type Term } from '@quorate/core';
import { type CommandSlab, putU32, type SessionVerdict, u32At } from '@quorate/wire';
import { commandsOf } from '../commands.ts';
import type { Server, Service } from '../server.ts';
import type { RecordOfApplied, Reply } from './record-of-applied.ts';
import { StoreSessions } from './store-sessions.ts';
import { decodeText, encodeText } from './text.ts';

/** What a command has done. */
interface Effect {
  readonly command: string;
  readonly key: string;
  readonly value: string;
  readonly output: string;
}

const LENGTH_BYTES = 4;

export class Store implements Service {
  readonly #server: Server;
  readonly #snapshotEvery: number;
  readonly #record: RecordOfApplied;
  readonly #sessions: StoreSessions;
  #values = new Map<string, string>();
  /** Of all entries in order and of their answers, so of the state too. */
  #fingerprint = FNV_OFFSET;
  #index = INDEX_ZERO;
  #snapshotAt = 0;

  /** @param note Told what became of sessions, in words. */
  constructor(
    server: Server,
    snapshotEvery: number,
    record: RecordOfApplied,
    note: (what: string) => void,
  ) {
    this.#server = server;
    this.#snapshotEvery = snapshotEvery;
    this.#record = record;
    this.#sessions = new StoreSessions(record, note);
  }

  get(key: string): string {
    return this.#values.get(key) ?? '';
  }

  apply(batch: Batch): void {
    if (batch.kind === 'commands') {
      const { isOfSessions } = batch.payload as CommandSlab;
      let index = batch.firstIndex;
      for (const bytes of commandsOf(batch)) {
        if (isOfSessions) this.#applyEntry(index, batch.term, bytes);
        else this.#applyCommand(index, batch.term, bytes);
        this.#standAt(index);
        index = (index + 1) as LogIndex;
      }
    } else {
      this.#applied(batch.firstIndex, batch.term, undefined, { kind: 'done' });
      this.#standAt(batch.firstIndex);
    }
  }

  /** The sessions, with their length in front, and behind them the rest. */
  takeSnapshot(): void {
    if (this.#index <= this.#snapshotAt) return;
    this.#snapshotAt = this.#index;
    const sessions = this.#sessions.encode();
    const state = { fingerprint: this.#fingerprint, values: [...this.#values] };
    const rest = encodeText(JSON.stringify(state));
    const bytes = new Uint8Array(LENGTH_BYTES + sessions.length + rest.length);
    putU32(bytes, 0, sessions.length);
    bytes.set(sessions, LENGTH_BYTES);
    bytes.set(rest, LENGTH_BYTES + sessions.length);
    this.#server.saveSnapshot(this.#index, bytes);
  }

  restore(snapshot: SnapshotMeta, data: Uint8Array): void {
    const end = LENGTH_BYTES + u32At(data, 0);
    this.#sessions.restore(snapshot.index, data.subarray(LENGTH_BYTES, end));
    const { fingerprint, values } = JSON.parse(decodeText(data.subarray(end))) as {
      fingerprint: number;
      values: [string, string][];
    };
    this.#record.expectFingerprint(snapshot.index, fingerprint);
    this.#values = new Map(values);
    this.#fingerprint = fingerprint;
    this.#index = snapshot.index;
    this.#snapshotAt = snapshot.index;
  }

  /** All servers take their snapshots at the same indexes, so one can go on with another's. */
  #standAt(index: LogIndex): void {
    this.#index = index;
    if (index % this.#snapshotEvery === 0) this.takeSnapshot();
  }

  #applyCommand(index: LogIndex, term: Term, bytes: Uint8Array): void {
    this.#fold(bytes);
    const effect = this.#execute(bytes);
    this.#applied(index, term, effect, { kind: 'applied', output: effect.output });
  }

  #applyEntry(index: LogIndex, term: Term, bytes: Uint8Array): void {
    this.#fold(bytes);
    const verdict = this.#sessions.take(index, bytes);
    const effect = verdict.kind === 'apply' ? this.#execute(verdict.command) : undefined;
    const reply = replyTo(verdict, effect);
    if (verdict.kind === 'apply') {
      this.#sessions.complete(verdict.session, verdict.serial, encodeText(effect!.output));
    }
    // Whoever has another table answers otherwise, now or later.
    this.#fold(encodeText(JSON.stringify(reply)));
    this.#applied(index, term, effect, reply);
  }

  #execute(bytes: Uint8Array): Effect {
    const command = decodeText(bytes);
    const { kind, key, value: operand } = inputOf(command);
    const output = this.get(key);
    const value = kind === 'append' ? output + operand : operand;
    this.#values.set(key, value);
    return { command, key, value, output };
  }

  #applied(index: LogIndex, term: Term, effect: Effect | undefined, reply: Reply): void {
    const { command, key = '', value = '' } = effect ?? {};
    this.#record.applied(
      index,
      { term, command, reply, fingerprint: this.#fingerprint },
      key,
      value,
    );
  }

  /** FNV-1a, 32 bits: the state is told from any other that a bug is likely to make. */
  #fold(bytes: Uint8Array): void {
    let folded = this.#fingerprint;
    for (let at = 0; at < bytes.length; at++) folded = Math.imul(folded ^ bytes[at]!, FNV_PRIME);
    this.#fingerprint = folded >>> 0;
  }
}

function replyTo(verdict: SessionVerdict, effect: Effect | undefined): Reply {
  switch (verdict.kind) {
    case 'apply':
      return { kind: 'applied', output: effect!.output };
    case 'applied':
      return { kind: 'applied', output: decodeText(verdict.response) };
    case 'opened':
      return verdict;
    case 'applying':
      throw new Error('a command is applied before the next entry is looked at');
    default:
      return verdict;
  }
}

type Write = Exclude<KeyValueInput, { kind: 'get' }>;

/** What a command asks for. */
export function inputOf(command: string): Write {
  const [kind, key = '', value = ''] = command.split(':');
  return { kind: kind === 'append' ? 'append' : 'put', key, value };
}

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;
