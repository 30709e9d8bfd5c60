/**
 * A snapshot's first bytes: the session table, in front of the machine's own.
 *
 *     0  "QRATSES\n"
 *     8  u32  length
 *    12  …    the table; see session-table-codec.ts of @quorate/wire
 */

import { putU32, u32At } from '@quorate/wire';
import { withFirst } from '../apply/with-first.ts';

const MAGIC = [0x51, 0x52, 0x41, 0x54, 0x53, 0x45, 0x53, 0x0a];
const HEAD_BYTES = 12;

/**
 * @param chunks The first one is asked for together with the first of the result, since that is the
 *   moment of which the machine tells.
 */
export async function* withSessionTable(
  table: Uint8Array,
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, void> {
  const head = new Uint8Array(HEAD_BYTES);
  head.set(MAGIC);
  putU32(head, 8, table.length);
  let before = [head, table];
  for await (const chunk of chunks) {
    yield before.length === 0 ? chunk : Buffer.concat([...before, chunk]);
    before = [];
  }
  if (before.length > 0) yield Buffer.concat(before);
}

/** The table, and the machine's chunks. No table: the snapshot is older than sessions are. */
export async function splitSessionTable(chunks: AsyncIterable<Uint8Array>): Promise<{
  readonly table: Uint8Array | undefined;
  readonly rest: AsyncIterable<Uint8Array>;
}> {
  const iterator = chunks[Symbol.asyncIterator]();
  const parts: Uint8Array[] = [];
  let length = 0;
  const readAtLeast = async (wanted: number): Promise<boolean> => {
    while (length < wanted) {
      const next = await iterator.next();
      if (next.done === true) return false;
      parts.push(next.value);
      length += next.value.length;
    }
    return true;
  };
  const hasHead = await readAtLeast(HEAD_BYTES);
  const head = Buffer.concat(parts);
  if (!hasHead || MAGIC.some((byte, at) => head[at] !== byte)) {
    return { table: undefined, rest: withFirst(head, iterator) };
  }
  const end = HEAD_BYTES + u32At(head, 8);
  if (!(await readAtLeast(end))) throw new Error('the snapshot ends within its session table');
  const bytes = Buffer.concat(parts);
  return { table: bytes.subarray(HEAD_BYTES, end), rest: withFirst(bytes.subarray(end), iterator) };
}
