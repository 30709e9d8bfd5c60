/** One file or record of a log as one line. */

import type { DumpedItem, DumpedPart } from '@quorate/node';

export function itemLine(item: DumpedItem): string {
  switch (item.kind) {
    case 'segment':
      return `${item.file}: segment ${item.segment} from record ${item.firstRecord}, ${item.fileBytes} bytes, format ${item.version}`;
    case 'unused':
      return `${item.file}: not in use, ${item.fileBytes} bytes`;
    case 'record': {
      const words = item.parts.map(partWords).join('; ') || 'empty, the log was closed here';
      const chain = item.checksum === 'valid' ? '' : '  NOT THE SUCCESSOR of the record before it';
      return `${place(item.offset)}  record ${item.record}, ${item.byteLength} bytes: ${words}${chain}`;
    }
    case 'broken':
      return `${place(item.offset)}  record ${item.record} BROKEN: ${item.reason}`;
    case 'end':
      return `${place(item.offset)}  end`;
  }
}

const place = (offset: number): string => String(offset).padStart(12);

function partWords(part: DumpedPart): string {
  if (part.kind === 'compaction') {
    const { snapshot, base } = part;
    return `compacted: snapshot at ${snapshot.index} (term ${snapshot.term}), log begins after ${base.index}`;
  }
  const words: string[] = [];
  if (part.hardState !== undefined) {
    const { term, votedFor, commitIndex } = part.hardState;
    words.push(`term ${term}, vote ${votedFor ?? 'none'}, commit ${commitIndex}`);
  }
  if (part.snapshot !== undefined) {
    words.push(`snapshot at ${part.snapshot.index} (term ${part.snapshot.term})`);
  }
  for (const { kind, term, firstIndex, count, byteLength } of part.batches) {
    const indexes = count === 1 ? `${firstIndex}` : `${firstIndex}..${firstIndex + count - 1}`;
    words.push(`${kind} ${indexes} (term ${term}, ${byteLength} bytes)`);
  }
  return words.join(', ');
}
