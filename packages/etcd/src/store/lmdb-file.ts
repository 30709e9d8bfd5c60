/**
 * A look at the head of an LMDB file before LMDB has it: of a file that is not its own, or that was
 * cut short, LMDB reads what is not there, and the process ends with a segmentation fault instead of
 * a message.
 *
 * The first two pages are the meta pages, of which the one with the later transaction counts (mdb.c,
 * struct MDB_meta). Pages have no checksums: damage further within is not seen here.
 */

import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { endianness } from 'node:os';
import { join } from 'node:path';
import { StoreDamagedError } from './store-failed-error.ts';

/** Where the parts of a meta page are, on machines of 64 bits. */
const FLAGS_AT = 0x12;
const MAGIC_AT = 0x18;
const PAGE_BYTES_AT = 0x30;
const FREE_ROOT_AT = 0x58;
const MAIN_ROOT_AT = 0x88;
const TRANSACTION_AT = 0x98;
const META_BYTES = 0xa0;

const META_FLAG = 0x08;
const MAGIC = 0xbeefc0de;

/** The root of a tree without pages. */
const NO_PAGE = 2n ** 64n - 1n;

/**
 * Where LMDB may not write its files, it ends the process in the same way.
 *
 * @throws what the file system says
 */
export function requireWritable(directory: string): void {
  for (const name of ['data.mdb', 'lock.mdb']) closeSync(openSync(join(directory, name), 'a'));
}

/** @throws {StoreDamagedError} Not for a file that is missing or empty: LMDB begins one. */
export function checkLmdbFile(directory: string): void {
  if (endianness() !== 'LE' || process.arch === 'arm' || process.arch === 'ia32') return;
  const path = join(directory, 'data.mdb');
  const file = openIfThere(path);
  if (file === undefined) return;
  try {
    const { size } = fstatSync(file);
    const problem = size === 0 ? undefined : problemOf(file, size);
    if (problem !== undefined) throw new StoreDamagedError(`${path} ${problem}`);
  } finally {
    closeSync(file);
  }
}

function problemOf(file: number, size: number): string | undefined {
  const first = readMeta(file, 0);
  if (first === undefined) return `is not what was written there: byte 0 begins no page of LMDB's`;
  const second = readMeta(file, first.pageBytes);
  if (second === undefined) {
    return `is not what was written there: byte ${first.pageBytes} begins no page of LMDB's`;
  }
  const { lastRoot } = second.transaction > first.transaction ? second : first;
  const least = (lastRoot + 1n) * BigInt(first.pageBytes);
  return size < least ? `was cut off: it has ${size} bytes of at least ${least}` : undefined;
}

interface Meta {
  readonly pageBytes: number;
  readonly transaction: bigint;
  /** The last page that is surely in the file. Some behind it may have been freed unwritten. */
  readonly lastRoot: bigint;
}

function readMeta(file: number, at: number): Meta | undefined {
  const bytes = Buffer.alloc(META_BYTES);
  if (readSync(file, bytes, 0, META_BYTES, at) < META_BYTES) return undefined;
  if (bytes.readUInt32LE(MAGIC_AT) !== MAGIC || bytes.readUInt16LE(FLAGS_AT) !== META_FLAG) {
    return undefined;
  }
  const roots = [FREE_ROOT_AT, MAIN_ROOT_AT].map((root) => bytes.readBigUInt64LE(root));
  return {
    pageBytes: bytes.readUInt32LE(PAGE_BYTES_AT),
    transaction: bytes.readBigUInt64LE(TRANSACTION_AT),
    lastRoot: roots.reduce((last, root) => (root !== NO_PAGE && root > last ? root : last), 1n),
  };
}

function openIfThere(path: string): number | undefined {
  try {
    return openSync(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
