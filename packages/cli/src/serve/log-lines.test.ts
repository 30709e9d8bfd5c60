import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { createLog, type LogLevel } from './log-lines.ts';
import { traceLog } from './trace-log.ts';

function logged(least: LogLevel, use: (log: ReturnType<typeof createLog>) => void): string {
  let written = '';
  const write = (line: string): void => {
    written += line;
  };
  use(createLog(least, write, () => new Date(0)));
  return stripVTControlCharacters(written);
}

test('a line: time, level, sentence, facts; what has spaces is quoted', () => {
  assert.equal(
    logged('info', (log) =>
      log('warn', 'peer lost', { peer: 2, reason: 'connection reset', error: new Error('x y') }),
    ),
    '1970-01-01T00:00:00.000Z warn  peer lost peer=2 reason="connection reset" error="x y"\n',
  );
});

test('what is less grave than asked for is left out', () => {
  const lines = logged('warn', (log) => {
    for (const level of ['debug', 'info', 'warn', 'error'] as const) log(level, level);
  });
  assert.deepEqual(
    lines
      .trim()
      .split('\n')
      .map((line) => line.split(/\s+/)[1]),
    ['warn', 'error'],
  );
});

test('the protocol’s decisions are for debugging, but a disk that lost its promises is an error', () => {
  const lost = { follower: 3, matchIndex: 5, hintIndex: 2 };
  const lines = logged('error', (log) => {
    const trace = traceLog(log);
    trace({ kind: 'woke', node: 1, term: 2 } as never);
    trace({ kind: 'followerLostEntries', node: 1, term: 2, ...lost } as never);
  });
  assert.match(
    lines,
    /^\S+ error "?a member has lost entries .* term=2 follower=3 matchIndex=5 hintIndex=2\n$/,
  );
});
