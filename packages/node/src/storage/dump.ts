/**
 * What is in a log, record by record, for a person with a problem. Reads only, takes no lock, and
 * goes on behind damage: works on a running server's directory and on a broken one.
 */

import { join } from 'node:path';
import type { Batch, EntryId, HardState, SnapshotMeta } from '@quorate/core';
import type { Decoded } from '@quorate/wire';
import { type File, type FileSystem, nodeFileSystem } from './file-system.ts';
import {
  RECORD_HEADER_BYTES,
  recordBytes,
  recordHeaderAt,
  SEGMENT_HEADER_BYTES,
  type SegmentHeader,
  segmentHeaderOf,
  segmentName,
  segmentOfName,
} from './log-format.ts';
import { FileWindow, findLaterRecord, findRecord } from './record-scan.ts';

export type DumpedItem =
  /** A file that is in use. */
  | {
      readonly kind: 'segment';
      readonly file: string;
      readonly fileBytes: number;
      readonly version: number;
      readonly segment: number;
      readonly firstRecord: number;
    }
  /** Prepared for later, or its header is damaged. */
  | { readonly kind: 'unused'; readonly file: string; readonly fileBytes: number }
  | DumpedRecord
  /** A record is due here and is not valid: torn when nothing follows, damage otherwise. */
  | {
      readonly kind: 'broken';
      readonly file: string;
      readonly offset: number;
      readonly record: number;
      readonly reason: string;
    }
  /** Where the file's records end. */
  | { readonly kind: 'end'; readonly file: string; readonly offset: number };

export interface DumpedRecord {
  readonly kind: 'record';
  readonly file: string;
  readonly offset: number;
  readonly byteLength: number;
  readonly record: number;
  /** Its own checksum is right in any case; `unchained`: the record before it is not the one it knew. */
  readonly checksum: 'valid' | 'unchained';
  readonly parts: readonly DumpedPart[];
}

export type DumpedPart =
  | {
      readonly kind: 'write';
      readonly hardState: HardState | undefined;
      readonly snapshot: SnapshotMeta | undefined;
      readonly batches: readonly DumpedBatch[];
    }
  | { readonly kind: 'compaction'; readonly snapshot: SnapshotMeta; readonly base: EntryId };

export type DumpedBatch = Pick<Batch, 'kind' | 'term' | 'firstIndex' | 'count' | 'byteLength'>;

/** @param directory a data directory, or the `log` directory in it. */
export async function* dumpLog(
  directory: string,
  fileSystem: FileSystem = nodeFileSystem,
): AsyncGenerator<DumpedItem, void, void> {
  const names = await fileSystem.list(directory);
  const logDirectory = names.includes('log') ? join(directory, 'log') : directory;
  const segments = (await fileSystem.list(logDirectory))
    .map(segmentOfName)
    .filter((segment) => segment !== undefined)
    .sort((a, b) => a - b);
  for (const segment of segments) {
    const file = await fileSystem.open(join(logDirectory, segmentName(segment)), 'read');
    try {
      yield* dumpFile(file, segment);
    } finally {
      await file.close();
    }
  }
}

async function* dumpFile(file: File, segment: number): AsyncGenerator<DumpedItem, void, void> {
  const window = new FileWindow(file, await file.size());
  const header = segmentHeaderOf(await window.bytesAt(0, SEGMENT_HEADER_BYTES));
  if (header === undefined || header.segment !== segment) {
    yield { kind: 'unused', file: file.path, fileBytes: window.size };
    return;
  }
  const { version, firstRecord } = header;
  yield { kind: 'segment', file: file.path, fileBytes: window.size, version, segment, firstRecord };
  yield* dumpRecords(window, header);
}

async function* dumpRecords(
  window: FileWindow,
  { firstRecord, previousChecksum, salt }: SegmentHeader,
): AsyncGenerator<DumpedItem, void, void> {
  const { path } = window.file;
  let offset = SEGMENT_HEADER_BYTES;
  let record = firstRecord;
  let chain = previousChecksum;
  for (;;) {
    const found = await findRecord(window, offset, record, salt);
    if (found.kind === 'record') {
      const { header } = found;
      yield {
        kind: 'record',
        file: path,
        offset,
        byteLength: recordBytes(header.contentBytes),
        record,
        checksum: header.previousChecksum === chain ? 'valid' : 'unchained',
        parts: found.parts.map(dumpPart),
      };
      offset = found.end;
      record += 1;
      chain = header.checksum;
      continue;
    }
    const later = await findLaterRecord(window, offset, record, salt);
    if (found.kind === 'broken' || later !== undefined) {
      const reason = found.kind === 'broken' ? found.reason : 'there is no record';
      yield { kind: 'broken', file: path, offset, record, reason };
    }
    if (later === undefined) {
      yield { kind: 'end', file: path, offset };
      return;
    }
    offset = later;
    record = recordHeaderAt(await window.bytesAt(later, RECORD_HEADER_BYTES), 0)!.record;
  }
}

function dumpPart(part: Decoded): DumpedPart {
  if (part.kind === 'compaction') return { kind: 'compaction', ...part.compaction };
  const { hardState, snapshot, batches } = part.write;
  return {
    kind: 'write',
    hardState,
    snapshot,
    batches: batches.map(({ kind, term, firstIndex, count, byteLength }) => {
      return { kind, term, firstIndex, count, byteLength };
    }),
  };
}
