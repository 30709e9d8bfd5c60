import assert from 'node:assert/strict';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryDirectory } from '../cluster.test.support.ts';
import { makeDirectories } from './make-directory.ts';

test('several at once make the same parents, each of which one of them has made', async (context) => {
  const root = await temporaryDirectory(context);
  const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
  const made = await Promise.all(names.map((name) => makeDirectories(join(root, 'x', 'y', name))));
  for (const name of names) assert.ok((await stat(join(root, 'x', 'y', name))).isDirectory());
  const expected = [
    join(root, 'x'),
    join(root, 'x', 'y'),
    ...names.map((name) => join(root, 'x', 'y', name)),
  ];
  assert.deepEqual(made.flat().sort(), expected.sort());
});
