import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { bytesForJson } from '../client/keys.ts';
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

test('what `quorate get --json` printed is read as it was stored, also where it is no text', async () => {
  const bytes = Uint8Array.of(0, 255, 254);
  const kvs = [
    { key: 'a', value: bytesForJson(bytes), version: 3 },
    { key: 'b', value: '{"base64":"no"}', version: 1 },
    { key: 'c', value: '', version: 1 },
  ];
  assert.deepEqual(await read(`${JSON.stringify({ header: {}, kvs })}\n{"key":"d","value":4}`), [
    { key: 'a', value: Buffer.from(bytes) },
    { key: 'b', value: '{"base64":"no"}' },
    { key: 'c', value: '' },
    { key: 'd', value: '4' },
  ]);
});

test('an empty file has no records', async () => {
  assert.deepEqual(await read(''), []);
});

for (const line of [
  ...['{"key":"a"', '{"value":1}', '{"key":1,"value":1}', '{"key":"a"}', 'null'],
  ...['{"kvs":[{"key":{"base64":"/w=="},"value":""}]}', '{"kvs":[{"key":"a","value":1}]}'],
]) {
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
