/**
 * The same calls to two servers, and where their answers differ.
 *
 * Ids and terms differ by nature, so they are compared only as set or not set. Everything else must
 * be equal, codes and texts included. The oracle's bytes must also survive decoding and encoding
 * with our .proto files unchanged: a wrong or missing field number would lose something.
 */

import { isDeepStrictEqual } from 'node:util';
import type { RawAnswer, RawClient } from './raw-client.ts';
import type { Step } from './requests.ts';

/** What a later step may refer to. */
export interface Known {
  /** The oracle's revision in the last answer that had one. */
  readonly revision: number;
}

export type PlannedStep = Step | ((known: Known) => Step);

/** Steps that belong together, and what they are about. */
export interface Case {
  readonly name: string;
  readonly steps: readonly PlannedStep[];
}

export interface Difference {
  readonly at: string;
  readonly step: string;
  readonly oracle: string;
  readonly ours: string;
}

export interface Servers {
  readonly oracle: RawClient;
  readonly ours: RawClient;
}

export class Comparison {
  readonly #servers: Servers;
  readonly differences: Difference[] = [];
  #revision = 1;
  steps = 0;

  constructor(servers: Servers) {
    this.#servers = servers;
  }

  async run({ name, steps }: Case): Promise<void> {
    for (const [index, plan] of steps.entries()) {
      const step = typeof plan === 'function' ? plan({ revision: this.#revision }) : plan;
      await this.#compare(`${name}, step ${index + 1}`, step);
    }
  }

  async #compare(at: string, step: Step): Promise<void> {
    this.steps++;
    const oracle = await this.#servers.oracle.call(step.path, step.bytes);
    const ours = await this.#servers.ours.call(step.path, step.bytes);
    const [expected, actual] = [readable(oracle, step), readable(ours, step)];
    this.#revision = revisionOf(expected) ?? this.#revision;
    if (!isDeepStrictEqual(expected, actual)) {
      this.#report(at, step, show(expected), show(actual));
    }
    const again = step.responseType.encode(step.responseType.decode(oracle.bytes)).finish();
    if (Buffer.compare(again, oracle.bytes) !== 0) {
      this.#report(at, step, hex(oracle.bytes), `encoded again: ${hex(again)}`);
    }
  }

  #report(at: string, step: Step, oracle: string, ours: string): void {
    this.differences.push({ at, step: `${step.path} ${show(step.request)}`, oracle, ours });
  }
}

interface Readable {
  readonly code: number;
  readonly details: string;
  readonly message: unknown;
}

function readable(answer: RawAnswer, step: Step): Readable {
  const message = answer.code === 0 ? step.responseType.decode(answer.bytes) : undefined;
  return { code: answer.code, details: answer.details, message: withoutIdentity(message) };
}

const IDENTITY = new Set(['clusterId', 'memberId', 'raftTerm']);

function withoutIdentity(value: unknown): unknown {
  return mapFields(value, (name, field) => {
    if (!IDENTITY.has(name)) return field;
    return field === 0n ? 'unset' : 'set';
  });
}

const withText = (value: unknown): unknown => mapFields(value, (_, field) => field);

/** A copy with every field mapped, and bytes as text. */
function mapFields(value: unknown, map: (name: string, field: unknown) => unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('latin1');
  if (Array.isArray(value)) return value.map((item) => mapFields(item, map));
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).map(([name, field]) => [
    name,
    map(name, mapFields(field, map)),
  ]);
  return Object.fromEntries(fields);
}

function revisionOf({ message }: Readable): number | undefined {
  const revision = (message as { header?: { revision?: bigint } } | undefined)?.header?.revision;
  return revision ? Number(revision) : undefined;
}

const MAX_SHOWN = 2000;

const show = (value: unknown): string =>
  JSON.stringify(withText(value), (_, field) =>
    typeof field === 'bigint' ? `${field}n` : field,
  ).slice(0, MAX_SHOWN);

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex').slice(0, MAX_SHOWN);
