import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clip, PlainScreen, TerminalScreen } from './screen.ts';

test('a line is cut at the width of the terminal; colours take no room and are closed', () => {
  assert.equal(clip('abcdef', 4), 'abcd');
  assert.equal(clip('\u001b[31mred\u001b[39m green', 5), '\u001b[31mred\u001b[39m g');
  assert.equal(clip('\u001b[31mredder\u001b[39m', 3), '\u001b[31mred\u001b[39m');
});

test('on a terminal, nothing is drawn while nothing changes', () => {
  let written = '';
  const write = (text: string) => {
    written += text;
    return true;
  };
  const screen = new TerminalScreen({ columns: 9, write } as unknown as NodeJS.WriteStream);
  const drawnBy = (act: () => void) => {
    written = '';
    act();
    return written;
  };
  assert.match(
    drawnBy(() => screen.show('n1 leader, pid 7')),
    /n1 leader\n$/,
  );
  assert.equal(
    drawnBy(() => screen.show('n1 leader, pid 8')),
    '',
    'cut off, they are the same',
  );
  assert.match(
    drawnBy(() => screen.tell('n1 was killed')),
    /n1 was killed\n\nn1 leader\n$/,
  );
  assert.match(
    drawnBy(() => screen.show('n1 down')),
    /n1 down\n$/,
  );
});

test('without a terminal, a line for each change and none for the same again', () => {
  let written = '';
  const screen = new PlainScreen((text) => {
    written += text;
  });
  screen.show('', 'n1 leader');
  screen.show('', 'n1 leader');
  screen.tell('n1 was killed');
  screen.show('', 'n1 down');
  assert.equal(written, 'n1 leader\nn1 was killed\nn1 down\n');
});
