/**
 * Arguments as they come from programs that no compiler has looked at. What is replicated is checked
 * before it is proposed: a command or an address that is none would be in every server's log for ever.
 */

import { types } from 'node:util';
import type { PeerAddress } from './api.ts';
import { RaftError } from './errors.ts';
import { nearName } from './near-name.ts';

const LARGEST_PORT = 65_535;
const LONGEST_HOST = 255;

export function badOption(problem: string, remedy: string): RaftError {
  return new RaftError('RAFT_BAD_OPTION', `${problem}; ${remedy}`);
}

/** @throws {RaftError} `RAFT_BAD_OPTION` */
export function requireWhole(
  name: string,
  value: unknown,
  smallest: number,
  largest = Number.MAX_SAFE_INTEGER,
): void {
  const number = Number.isSafeInteger(value) ? (value as number) : Number.NaN;
  if (number >= smallest && number <= largest) return;
  const range = number > largest ? `at most ${largest}` : `at least ${smallest}`;
  throw badOption(`${name} is ${shown(value)}`, `give a whole number of ${range}`);
}

/**
 * Refuses what no compiler has refused: no options at all, and names that nobody reads, such as
 * misspelt ones, whose value would silently be the default.
 *
 * @param whose As a message names it: 'RaftNode.open', 'sessions'.
 * @param names All that there are, as the keys of an object.
 * @throws {RaftError} `RAFT_BAD_OPTION`
 */
export function requireOptions(whose: string, options: unknown, names: object): void {
  const known = Object.keys(names);
  if (typeof options !== 'object' || options === null) {
    throw badOption(`the options of ${whose} are ${shown(options)}`, `give { ${known[0]}: … }`);
  }
  for (const name of Object.keys(options)) {
    if (Object.hasOwn(names, name)) continue;
    const near = nearName(name, known);
    const remedy = near === undefined ? `there are ${known.join(', ')}` : `did you mean ${near}?`;
    throw badOption(`${whose} has no option ${name}`, remedy);
  }
}

/** @throws {RaftError} `RAFT_BAD_OPTION` for a value of another type; undefined is the default. */
export function requireType(
  name: string,
  value: unknown,
  type: 'boolean' | 'function' | 'object',
): void {
  if (value === undefined || (typeof value === type && value !== null)) return;
  throw badOption(`${name} is ${shown(value)}`, `give a ${type}, or leave it out`);
}

/** @throws {RaftError} `RAFT_BAD_OPTION` */
export function requireOneOf<Word extends string>(
  name: string,
  value: Word,
  words: readonly Word[],
): void {
  if (words.includes(value)) return;
  throw badOption(`${name} is ${shown(value)}`, `say one of ${words.join(', ')}`);
}

/** @throws {RaftError} `RAFT_BAD_OPTION` */
export function requireAddress(whose: string, address: PeerAddress): void {
  const { host, port } = (address ?? {}) as Partial<PeerAddress>;
  const remedy = "give { host: '10.0.0.1', port: 2380 }";
  if (typeof host !== 'string' || host === '' || host.length > LONGEST_HOST) {
    throw badOption(`the host of ${whose} is ${shown(host)}`, remedy);
  }
  if (Number.isSafeInteger(port) && Number(port) >= 0 && Number(port) <= LARGEST_PORT) return;
  throw badOption(`the port of ${whose} is ${shown(port)}`, remedy);
}

/** @throws {RaftError} `RAFT_BAD_OPTION` */
export function requireDirectory(directory: string): void {
  if (typeof directory === 'string' && directory !== '') return;
  const problem = directory === '' ? 'directory is empty' : `directory is ${shown(directory)}`;
  throw badOption(
    problem,
    'name one; undefined keeps everything in memory, where that is possible',
  );
}

/** Undefined for bytes, of whatever realm. */
export function commandProblem(command: unknown): RaftError | undefined {
  if (types.isUint8Array(command)) return undefined;
  const problem = `a command is bytes, and this is ${shown(command)}`;
  return badOption(problem, 'give a Uint8Array, or a Buffer');
}

/** A value as a message names it: a string in quotes, so that '1' is not taken for 1. */
function shown(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  return typeof value === 'object' && value !== null
    ? `a ${value.constructor?.name}`
    : String(value);
}
