/** A recovery that ends at any moment, and what the next start finds. */

import assert from 'node:assert/strict';
import { type Change, MemoryFileSystem } from '../storage/memory-file-system.test.support.ts';

/**
 * After each byte of each change that `disk` has seen.
 *
 * @param before What the disk was made of.
 */
export async function afterEachKill<Outcome>(
  before: readonly Change[],
  disk: MemoryFileSystem,
  found: (disk: MemoryFileSystem) => Promise<Outcome>,
): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const [at, change] of disk.journal.entries()) {
    const length = change.kind === 'write' ? change.bytes.length : 1;
    // Zero-filling is the same at every byte.
    const isFilling = change.kind === 'write' && change.bytes.every((byte) => byte === 0);
    for (let kept = 0; kept < length; kept += isFilling ? 99_991 : 1) {
      const cut = MemoryFileSystem.after([...before, ...disk.journal.slice(0, at)]);
      if (change.kind === 'write' && kept > 0) {
        const file = await cut.open(change.path, 'durable');
        file.writeSync([change.bytes.subarray(0, kept)], change.at);
      }
      outcomes.push(await found(cut.afterKill()));
    }
  }
  return outcomes;
}

/** After a power cut at each call of the disk. The last outcome is that of a recovery that was done. */
export async function afterEachPowerCut<Outcome>(
  disk: MemoryFileSystem,
  directories: readonly string[],
  recover: (disk: MemoryFileSystem) => Promise<unknown>,
  found: (disk: MemoryFileSystem) => Promise<Outcome>,
): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const directory of directories) await disk.syncDirectory(directory);
  for (let calls = 0, isDone = false; !isDone; calls += 1) {
    const attempt = disk.afterPowerCut();
    for (const directory of directories) await attempt.syncDirectory(directory);
    let left = calls;
    attempt.fault = () => {
      left -= 1;
      if (left < 0) throw new Error('power');
      return undefined;
    };
    isDone = await recover(attempt).then(
      () => true,
      () => false,
    );
    attempt.fault = () => undefined;
    outcomes.push(await found(attempt.afterPowerCut()));
  }
  return outcomes;
}

/** There is one moment before which a kill leaves the old one, and after which the new one. */
export function expectOldThenNew(outcomes: readonly ('old' | 'new')[]): void {
  const firstNew = outcomes.indexOf('new');
  assert.ok(firstNew > 0 && firstNew < outcomes.length - 1, `${firstNew} of ${outcomes.length}`);
  assert.ok(outcomes.slice(firstNew).every((outcome) => outcome === 'new'));
}
