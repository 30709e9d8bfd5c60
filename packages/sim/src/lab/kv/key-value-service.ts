/**
 * The key-value service of 4A and 4B: get, put and append, each once however often it is sent.
 *
 * Every operation goes through the log, gets too. A client numbers its operations and has one open
 * at a time, so the last answer to each client is all that must be remembered of the past (§8).
 */

import type { KeyValueInput, KeyValueOutput } from '@quorate/check';
import type { Batch, LogIndex, SnapshotMeta, Term } from '@quorate/core';
import { encodedWriteSize } from '@quorate/wire';
import { commandsOf } from '../../commands.ts';
import type { Server, Service } from '../../server.ts';
import type { Time } from '../../time.ts';

export interface KeyValueRequest {
  readonly client: number;
  /** 1, 2, 3 … for each client. */
  readonly serial: number;
  readonly operation: KeyValueInput;
}

export type KeyValueReply =
  | { readonly kind: 'done'; readonly output: KeyValueOutput }
  /** Another server may know. The operation may still take effect. */
  | { readonly kind: 'ask-another' };

interface Session {
  readonly serial: number;
  readonly output: KeyValueOutput;
}

interface Waiter {
  readonly term: Term;
  readonly answer: (reply: KeyValueReply) => void;
}

/** How long a request waits for its entry before the client is sent elsewhere. */
const PATIENCE_MS = 500;

export class KeyValueService implements Service {
  readonly #server: Server;
  readonly #time: Time;
  /** Bytes of saved Raft state above which a snapshot is taken; undefined: never. */
  readonly #stateLimit: number | undefined;
  readonly #waiters = new Map<LogIndex, Waiter>();
  #data = new Map<string, string>();
  #sessions = new Map<number, Session>();
  #snapshotIndex = 0;

  constructor(server: Server, time: Time, stateLimit: number | undefined) {
    this.#server = server;
    this.#time = time;
    this.#stateLimit = stateLimit;
  }

  /** `answer` may be called more than once; only the first call counts. */
  handle(request: KeyValueRequest, answer: (reply: KeyValueReply) => void): void {
    const session = this.#sessions.get(request.client);
    if (session?.serial === request.serial) {
      answer({ kind: 'done', output: session.output });
      return;
    }
    const entry = this.#server.start(encode(request));
    if (entry === undefined) {
      answer({ kind: 'ask-another' });
      return;
    }
    this.#waiters.set(entry.index, { term: entry.term, answer });
    this.#time.after(PATIENCE_MS, () => answer({ kind: 'ask-another' }));
  }

  apply(batch: Batch): void {
    if (batch.kind !== 'commands') return;
    let index = batch.firstIndex;
    for (const command of commandsOf(batch)) {
      const output = this.#execute(decode(command));
      this.#answer(index, batch.term, output);
      index = (index + 1) as LogIndex;
    }
    this.#snapshotIfLarge((index - 1) as LogIndex);
  }

  restore(snapshot: SnapshotMeta, data: Uint8Array): void {
    const state = parse<StoredState>(data);
    this.#data = new Map(state.data);
    this.#sessions = new Map(
      state.sessions.map(([client, serial, output]) => [
        client,
        { serial, output: output ?? undefined },
      ]),
    );
    this.#snapshotIndex = snapshot.index;
    for (const index of this.#waiters.keys()) {
      if (index <= snapshot.index) this.#answer(index, undefined, undefined);
    }
  }

  #execute({ client, serial, operation }: KeyValueRequest): KeyValueOutput {
    const session = this.#sessions.get(client);
    if (session !== undefined && session.serial >= serial) return session.output;
    const output = this.#change(operation);
    this.#sessions.set(client, { serial, output });
    return output;
  }

  #change(operation: KeyValueInput): KeyValueOutput {
    const { key } = operation;
    const value = this.#data.get(key) ?? '';
    switch (operation.kind) {
      case 'get':
        return value;
      case 'put':
        this.#data.set(key, operation.value);
        return undefined;
      case 'append':
        this.#data.set(key, value + operation.value);
        return undefined;
    }
  }

  /** Another term at that index: our entry is gone. */
  #answer(index: LogIndex, term: Term | undefined, output: KeyValueOutput): void {
    const waiter = this.#waiters.get(index);
    if (waiter === undefined) return;
    this.#waiters.delete(index);
    waiter.answer(waiter.term === term ? { kind: 'done', output } : { kind: 'ask-another' });
  }

  #snapshotIfLarge(index: LogIndex): void {
    if (this.#stateLimit === undefined) return;
    const { latest } = this.#server.disk;
    // The one before must be stored first, or each entry meanwhile would take one more.
    if (latest.snapshot.index < this.#snapshotIndex) return;
    if (encodedWriteSize(latest) <= this.#stateLimit) return;
    this.#snapshotIndex = index;
    this.#server.saveSnapshot(index, this.#snapshot());
  }

  #snapshot(): Uint8Array {
    const data = [...this.#data];
    const sessions = [...this.#sessions].map(
      ([client, { serial, output }]) => [client, serial, output ?? null] as const,
    );
    return format({ data, sessions } satisfies StoredState);
  }
}

interface StoredState {
  readonly data: readonly (readonly [string, string])[];
  /** Client, serial number, answer; JSON has no undefined. */
  readonly sessions: readonly (readonly [number, number, string | null])[];
}

const format = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const parse = <Value>(bytes: Uint8Array): Value => JSON.parse(new TextDecoder().decode(bytes));

function encode({ client, serial, operation }: KeyValueRequest): Uint8Array {
  const { kind, key } = operation;
  return format([client, serial, kind, key, kind === 'get' ? '' : operation.value]);
}

function decode(command: Uint8Array): KeyValueRequest {
  const [client, serial, kind, key, value] =
    parse<[number, number, KeyValueInput['kind'], string, string]>(command);
  return { client, serial, operation: { kind, key, value } };
}
