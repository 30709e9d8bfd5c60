import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type LockOwner, lockDirectory, readUnlocked, takeOver } from './directory-lock.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'quorate-lock-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

test('a second owner is refused and told who has it, until the first gives it back', async () => {
  const lock = await lockDirectory(directory);
  await assert.rejects(lockDirectory(directory), {
    code: 'RAFT_DIRECTORY_LOCKED',
    message: /in use by this process itself; stop it first/,
    details: { directory, pid: process.pid },
  });
  await lock.release();
  await (await lockDirectory(directory)).release();
  assert.deepEqual(readdirSync(directory), []);
});

test('a process id that was given to another process does not hold the lock', async () => {
  const lock = await lockDirectory(directory);
  const path = join(directory, 'lock');
  const owner = JSON.parse(readFileSync(path, 'utf8'));
  assert.match(owner.startTime, /^\d+$/);
  writeFileSync(path, JSON.stringify({ ...owner, startTime: '1' }));
  await (await lockDirectory(directory)).release();
  writeFileSync(path, JSON.stringify({ ...owner, boot: 'another' }));
  await (await lockDirectory(directory)).release();
  await lock.release();
});

test('a lock that names nobody is not guessed about', async () => {
  writeFileSync(join(directory, 'lock'), '');
  await assert.rejects(lockDirectory(directory), {
    code: 'RAFT_STORAGE_CORRUPT',
    message: /remove that file/,
  });
});

test('who looked while the old owner was dead comes too late when it has a successor', async () => {
  const lock = await lockDirectory(directory);
  const path = join(directory, 'lock');
  const successor = readFileSync(path, 'utf8');
  const dead: LockOwner = { ...JSON.parse(successor), startTime: '1', token: 'dead' };
  const own = join(directory, 'lock.late');
  const late: LockOwner = { ...JSON.parse(successor), token: 'late' };
  writeFileSync(own, JSON.stringify(late));
  assert.equal(await takeOver(directory, dead, late, own), false);
  assert.equal(readFileSync(path, 'utf8'), successor);
  // Nor may it have the claim while somebody who runs has it.
  writeFileSync(join(directory, 'lock.claim.dead'), successor);
  await assert.rejects(takeOver(directory, dead, late, own), { code: 'RAFT_DIRECTORY_LOCKED' });
  // A claim whose owner died is claimed in turn, here while the lock is still the dead one's.
  writeFileSync(path, JSON.stringify(dead));
  const claimant = { ...dead, token: 'dead-claimant' };
  writeFileSync(join(directory, 'lock.claim.dead'), JSON.stringify(claimant));
  assert.equal(await takeOver(directory, dead, late, own), true);
  assert.equal(JSON.parse(readFileSync(path, 'utf8')).token, 'late');
  assert.deepEqual(readdirSync(directory).sort(), ['lock', 'lock.late']);
  await lock.release();
});

test('a directory that nobody has is read without writing; whoever has it meanwhile is noticed', async () => {
  const refused = { code: 'RAFT_DIRECTORY_LOCKED' };
  const changedAt = () => statSync(directory, { bigint: true }).mtimeNs;
  const lock = await lockDirectory(directory);
  const owner = readFileSync(join(directory, 'lock'), 'utf8');
  await assert.rejects(
    readUnlocked(directory, () => assert.fail('it was read')),
    refused,
  );
  await lock.release();

  // What a killed owner left stays there.
  writeFileSync(join(directory, 'lock'), JSON.stringify({ ...JSON.parse(owner), startTime: '1' }));
  const before = changedAt();
  assert.equal(await readUnlocked(directory, async () => 'read'), 'read');
  assert.equal(changedAt(), before);

  const visited = async () => (await lockDirectory(directory)).release();
  await assert.rejects(readUnlocked(directory, visited), refused);
  // Half of what is read may be the new owner's, so that is the answer whatever else was found.
  const joined = async () => {
    await lockDirectory(directory);
    throw new Error('a file has gone');
  };
  await assert.rejects(readUnlocked(directory, joined), refused);
});

test('of many processes that race and are killed inside, one at a time is inside', async () => {
  writeFileSync(join(directory, 'inside'), '0');
  const script = fileURLToPath(new URL('./lock-contender.test.support.js', import.meta.url));
  const contenders = Array.from({ length: 8 }, () => {
    const child = spawn(process.execPath, [script, directory, '6'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    return Promise.all([text(child.stdout), once(child, 'exit')]);
  });
  const results = await Promise.all(contenders);
  for (const [said, [code, signal]] of results) {
    assert.equal(said, 'entered\n');
    assert.deepEqual([code, signal], [null, 'SIGKILL']);
  }
  // The last one was killed inside; its lock is taken over, and nothing of the fight is left.
  const lock = await lockDirectory(directory);
  assert.deepEqual(readdirSync(directory).sort(), ['inside', 'lock']);
  await lock.release();
});
