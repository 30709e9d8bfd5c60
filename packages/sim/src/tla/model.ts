/**
 * The state of etcd-io/raft's specification (tla/etcdraft.tla), restated: its variables under the
 * names this project uses, and the bags of messages.
 *
 * This and the files beside it are written from the specification and not from our core, so that
 * they can disagree with it.
 */

import type { LineRole } from './line.ts';

/** What a line says cannot have happened; the message says why. */
export class Impossible extends Error {
  override readonly name: string = 'Impossible';
}

/** The specification says that this is wrong, and Raft that it is right. */
export class Disputed extends Error {
  override readonly name: string = 'Disputed';
}

export function demand(condition: boolean, why: string): asserts condition {
  if (!condition) throw new Impossible(why);
}

export interface ModelConfiguration {
  readonly voters: readonly string[];
  readonly learners: readonly string[];
}

/** Commands are not in the model. Two entries with the same `key` are the same. */
export interface ModelEntry {
  readonly term: number;
  readonly key: string;
  /** Undefined for a normal entry. */
  readonly configuration: ModelConfiguration | undefined;
}

export type ModelMessage = VoteRequest | VoteResponse | AppendRequest | AppendResponse;

interface Envelope {
  readonly from: string;
  readonly to: string;
  readonly term: number;
}

export interface VoteRequest extends Envelope {
  readonly kind: 'voteRequest';
  readonly lastIndex: number;
  readonly lastTerm: number;
}

export interface VoteResponse extends Envelope {
  readonly kind: 'voteResponse';
  readonly isGranted: boolean;
}

/** A heartbeat and a snapshot are appends too. */
export type Subtype = 'app' | 'heartbeat' | 'snapshot';

export interface AppendRequest extends Envelope {
  readonly kind: 'appendRequest';
  readonly subtype: Subtype;
  readonly prevIndex: number;
  readonly prevTerm: number;
  readonly entries: readonly ModelEntry[];
  readonly commit: number;
}

export interface AppendResponse extends Envelope {
  readonly kind: 'appendResponse';
  readonly subtype: Subtype;
  readonly isSuccess: boolean;
  readonly match: number;
}

/** What survives a restart: written as a whole whenever a server is ready. */
export interface Durable {
  readonly term: number;
  readonly vote: string;
  /** Only its length: the specification takes the entries from the log as it is at the restart. */
  readonly log: number;
  readonly commit: number;
  readonly configuration: ModelConfiguration;
}

export interface ModelServer {
  readonly id: string;
  term: number;
  role: LineRole;
  vote: string;
  log: readonly ModelEntry[];
  commit: number;
  /** Kept when a candidate becomes something else; empty from the next candidacy or restart. */
  responded: ReadonlySet<string>;
  granted: ReadonlySet<string>;
  /** What each server is known to hold, while this one leads. */
  match: ReadonlyMap<string, number>;
  /** Where a configuration stands that is not applied yet; 0 if none is. */
  pendingChange: number;
  configuration: ModelConfiguration;
  durable: Durable;
}

export class Model {
  readonly servers = new Map<string, ModelServer>();
  /** Waits for its sender to be ready. */
  readonly pending = new Bag();
  /** May be received any time, or never. */
  readonly inFlight = new Bag();

  /** @throws {Impossible} if there is none with this id. */
  at(id: string): ModelServer {
    const server = this.servers.get(id);
    demand(server !== undefined, `there is no server ${id}`);
    return server;
  }

  /** A server as it stands before the trace begins. */
  add(
    start: Pick<ModelServer, 'id' | 'term' | 'role' | 'vote' | 'log' | 'commit' | 'configuration'>,
  ) {
    const nobody = new Set<string>();
    const server = {
      ...start,
      responded: nobody,
      granted: nobody,
      match: new Map(),
      pendingChange: 0,
      durable: durableOf(start),
    };
    this.servers.set(start.id, server);
  }
}

export function durableOf(
  server: Pick<ModelServer, 'term' | 'vote' | 'log' | 'commit' | 'configuration'>,
): Durable {
  const { term, vote, log, commit, configuration } = server;
  return { term, vote, log: log.length, commit, configuration };
}

/** The term of the entry at `index`; 0 where there is none. */
export const termAt = (log: readonly ModelEntry[], index: number): number =>
  log[index - 1]?.term ?? 0;

export const lastTerm = (log: readonly ModelEntry[]): number => termAt(log, log.length);

export const isQuorum = (count: number, voters: readonly string[]): boolean =>
  2 * count > voters.length;

export function entryOf(term: number, configuration?: ModelConfiguration): ModelEntry {
  const members = configuration && [configuration.voters, configuration.learners];
  return {
    term,
    configuration,
    key: `${term} ${members?.map((ids) => [...ids].sort()).join('/')}`,
  };
}

interface Sent {
  readonly message: ModelMessage;
  count: number;
}

/** Messages, each as often as it was sent. */
export class Bag {
  readonly #byLink = new Map<string, Map<string, Sent>>();

  add(message: ModelMessage, count = 1): void {
    const link = `${message.from}>${message.to}`;
    const messages = this.#byLink.get(link) ?? new Map<string, Sent>();
    this.#byLink.set(link, messages);
    const key = keyOf(message);
    const known = messages.get(key);
    if (known === undefined) messages.set(key, { message, count });
    else known.count += count;
  }

  /** Takes one away. */
  remove(message: ModelMessage): void {
    const messages = this.#byLink.get(`${message.from}>${message.to}`)!;
    const key = keyOf(message);
    const known = messages.get(key)!;
    known.count -= 1;
    if (known.count === 0) messages.delete(key);
  }

  /** The different messages on one link. */
  *on(from: string, to: string): Iterable<ModelMessage> {
    for (const { message } of this.#byLink.get(`${from}>${to}`)?.values() ?? []) yield message;
  }

  /** Takes away all that `from` has sent, and answers it. */
  take(from: string): readonly (readonly [message: ModelMessage, count: number])[] {
    const taken: (readonly [ModelMessage, number])[] = [];
    for (const [link, messages] of this.#byLink) {
      if (!link.startsWith(`${from}>`)) continue;
      for (const { message, count } of messages.values()) taken.push([message, count]);
      messages.clear();
    }
    return taken;
  }
}

const keyOf = (message: ModelMessage): string =>
  JSON.stringify(message, (name, value) =>
    name === 'entries' ? (value as ModelEntry[]).map(({ key }) => key) : value,
  );
