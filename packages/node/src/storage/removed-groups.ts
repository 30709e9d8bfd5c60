/**
 * The groups whose data were removed from this host, for ever.
 *
 * A host that has thrown away a group's log has forgotten its votes and what it acknowledged: with an
 * empty log under the same id it could elect a leader that lacks committed entries (hazard 30). So it
 * never takes part in that group again; to the others it is a server that is gone for good.
 *
 * Kept as ranges of ids: what is removed in the long run are most of the groups that ever were, so that
 * there are no more ranges than groups that live, besides ids that were never used here.
 */

import { join } from 'node:path';
import { badOption } from '../checks.ts';
import { RaftError } from '../errors.ts';
import type { FileSystem } from './file-system.ts';
import { readSmallFile, writeSmallFile } from './small-file.ts';

const FILE_NAME = 'removed-groups.json';
const FORMAT = 1;
/** The file is written anew with each removal: half a megabyte or two then. */
const MOST_RANGES = 65_536;

/** First and last, both included. */
type Range = readonly [number, number];

export class RemovedGroups {
  readonly #save: (ranges: readonly Range[]) => Promise<void>;
  /** Ascending, and with a gap between each two. */
  readonly #ranges: Range[];
  #saving: Promise<void> = Promise.resolve();
  /** Begins when `#saving` has ended. */
  #nextSave: Promise<void> | undefined;

  private constructor(ranges: Range[], save: (ranges: readonly Range[]) => Promise<void>) {
    this.#ranges = ranges;
    this.#save = save;
  }

  static inMemory(): RemovedGroups {
    return new RemovedGroups([], async () => {});
  }

  /** @throws {RaftError} `RAFT_STORAGE_CORRUPT` */
  static async open(fileSystem: FileSystem, directory: string): Promise<RemovedGroups> {
    const text = await readSmallFile(fileSystem, directory, FILE_NAME);
    const ranges = text === undefined ? [] : parse(text, join(directory, FILE_NAME));
    return new RemovedGroups(ranges, (now) => {
      const content = `${JSON.stringify({ format: FORMAT, ranges: now })}\n`;
      return writeSmallFile(fileSystem, directory, FILE_NAME, content);
    });
  }

  has(group: number): boolean {
    const [first, last] = this.#ranges[this.#positionOf(group)] ?? [0, 0];
    return first <= group && group <= last;
  }

  /**
   * From this call on the group counts as removed; also when that cannot be made durable, since nobody
   * knows then what the next start finds. Called again it tries again.
   *
   * @throws {RaftError} `RAFT_DISK_FAILED`, `RAFT_DISK_FULL`, `RAFT_BAD_OPTION`
   */
  add(group: number): Promise<void> {
    if (!this.has(group)) this.#insert(group);
    // What is being written now may lack this one; the next writing has all that come until it begins.
    this.#nextSave ??= this.#saving
      .catch(() => {})
      .then(() => {
        this.#nextSave = undefined;
        this.#saving = this.#save(this.#ranges);
        return this.#saving;
      });
    return this.#nextSave;
  }

  /** Resolves when nothing is on its way to the disk. */
  async settled(): Promise<void> {
    await (this.#nextSave ?? this.#saving).catch(() => {});
  }

  /** Of the range that ends at `group` or first ends behind it. */
  #positionOf(group: number): number {
    let low = 0;
    let high = this.#ranges.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#ranges[middle]![1] < group) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #insert(group: number): void {
    const at = this.#positionOf(group);
    const before = this.#ranges[at - 1];
    const after = this.#ranges[at];
    const joinsBefore = before?.[1] === group - 1;
    const joinsAfter = after?.[0] === group + 1;
    if (!joinsBefore && !joinsAfter && this.#ranges.length >= MOST_RANGES) {
      const problem = `so many groups were removed from this host that it cannot note group ${group}`;
      const remedy = 'give groups ids in sequence, and move those that live to a new host';
      throw badOption(problem, remedy);
    }
    const first = joinsBefore ? before[0] : group;
    const last = joinsAfter ? after[1] : group;
    const from = joinsBefore ? at - 1 : at;
    this.#ranges.splice(from, Number(joinsBefore) + Number(joinsAfter), [first, last]);
  }
}

function parse(text: string, path: string): Range[] {
  try {
    const { format, ranges } = JSON.parse(text);
    const bounds: unknown[] = ranges.flat();
    const ascend = bounds.every((bound, at) => at === 0 || Number(bound) >= Number(bounds[at - 1]));
    const arePairs = ranges.every((range: unknown[]) => range.length === 2);
    if (format === FORMAT && arePairs && ascend && bounds.every(Number.isSafeInteger)) {
      return ranges;
    }
  } catch {
    // Said below.
  }
  const problem = `${path} does not say format ${FORMAT} with all its fields`;
  const remedy = 'restore it from a copy; without it a group could come back that was removed';
  throw new RaftError('RAFT_STORAGE_CORRUPT', `${problem}; ${remedy}`, { details: { file: path } });
}
