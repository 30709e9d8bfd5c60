import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { CommandError } from '../failure.ts';
import { type LoadRecord, recordsOfCities, recordsOfFile } from './records.ts';

async function read(content: string): Promise<LoadRecord[]> {
  const directory = mkdtempSync(join(tmpdir(), 'quorate-records-'));
  try {
    const path = join(directory, 'records.jsonl');
    writeFileSync(path, content);
    const source = recordsOfFile(path);
    const records: LoadRecord[] = [];
    // Whoever connects first and reads later must miss nothing.
    await new Promise((resolve) => setImmediate(resolve));
    for await (const record of source.records) records.push(record);
    assert.equal(source.progress(), 1);
    return records;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

test('text is stored as it is, anything else as its JSON; empty lines are passed over', async () => {
  assert.deepEqual(await read('{"key":"a","value":"x y"}\r\n\n{"key":"b","value":{"n":1}}'), [
    { key: 'a', value: 'x y' },
    { key: 'b', value: '{"n":1}' },
  ]);
});

test('an empty file has no records', async () => {
  assert.deepEqual(await read(''), []);
});

for (const line of ['{"key":"a"', '{"value":1}', '{"key":1,"value":1}', '{"key":"a"}', 'null']) {
  test(`the line ${line} is refused with its number`, async () => {
    await assert.rejects(
      read(`{"key":"fine","value":""}\n${line}\n`),
      (error) =>
        error instanceof CommandError &&
        error.code === 'QUORATE_FILE' &&
        error.message.includes('records.jsonl:2 '),
    );
  });
}

test('every city has a key of its own', async () => {
  const keys = new Set<string>();
  for await (const { key } of (await recordsOfCities()).records) keys.add(key);
  assert.equal(keys.size, 135_233);
});
