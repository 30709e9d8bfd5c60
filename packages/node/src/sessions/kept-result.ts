/**
 * What the replicas keep of a command's result, until its session has it: the caller's bytes, or the word
 * that there are none.
 *
 * A result that `encodeResult` cannot turn into bytes (JSON has no word for a bigint) fails it on every
 * replica alike. Thrown out of `apply`, that would end all of them, again at each start; so the command
 * counts as applied, and its caller is told. The error's text is not kept: it may differ between replicas.
 */

import { types } from 'node:util';
import { RaftError } from '../errors.ts';

const BYTES = 0;
const NO_BYTES = 1;

export function keepResult<Result>(
  encodeResult: (result: Result) => Uint8Array,
  result: Result,
): Uint8Array {
  const bytes = encoded(encodeResult, result);
  if (bytes === undefined) return Uint8Array.of(NO_BYTES);
  const kept = new Uint8Array(1 + bytes.length);
  kept[0] = BYTES;
  kept.set(bytes, 1);
  return kept;
}

function encoded<Result>(
  encodeResult: (result: Result) => Uint8Array,
  result: Result,
): Uint8Array | undefined {
  try {
    const bytes: unknown = encodeResult(result);
    return types.isUint8Array(bytes) ? bytes : undefined;
  } catch {
    return undefined;
  }
}

/** @throws {RaftError} `RAFT_RESULT_NOT_KEPT` */
export function keptResult<Result>(
  decodeResult: (bytes: Uint8Array) => Result,
  kept: Uint8Array,
): Result {
  if (kept[0] === BYTES) return decodeResult(kept.subarray(1));
  const problem = 'the command was applied, but sessions.encodeResult made no bytes of its result';
  const remedy =
    'give encodeResult and decodeResult on all servers (the default is JSON, which has no bigint), or answer something else';
  throw new RaftError('RAFT_RESULT_NOT_KEPT', `${problem}; ${remedy}`);
}
