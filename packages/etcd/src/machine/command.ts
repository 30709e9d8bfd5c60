/** What members write into the log, and what applying it answers. */

import type { WriteRequest, WriteResponse } from '@quorate/kv';
import { encodeMessage } from '../encode.ts';
import { Command, type MemberAttributes } from '../generated/internal.ts';
import { deleteRangeFromWire, putFromWire, toSafeNumber, txnFromWire } from './from-wire.ts';

export type CommandRequest = NonNullable<Command['request']>;

/** One for each command, in order. Attributes are answered with nothing. */
export type CommandResult = WriteResponse | undefined;

export function encodeCommand(request: CommandRequest): Uint8Array {
  return encodeMessage(Command, { request });
}

export type DecodedCommand =
  | WriteRequest
  | { readonly kind: 'memberAttributes'; readonly attributes: MemberAttributes };

/**
 * @throws for bytes that no version of this program has written. The member stops: to skip a
 * command that others apply would make it disagree with them for ever.
 */
export function decodeCommand(bytes: Uint8Array): DecodedCommand {
  const { request } = Command.decode(bytes);
  switch (request?.$case) {
    case 'put':
      return putFromWire(request.value);
    case 'deleteRange':
      return deleteRangeFromWire(request.value);
    case 'txn':
      return txnFromWire(request.value);
    case 'compaction':
      return { kind: 'compaction', revision: toSafeNumber(request.value.revision) };
    case 'memberAttributes':
      return { kind: 'memberAttributes', attributes: request.value };
    case undefined:
      throw new Error(
        `a command of ${bytes.length} bytes in the log is of a kind this version does not know; ` +
          'run the version that wrote it',
      );
  }
}
