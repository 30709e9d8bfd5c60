import assert from 'node:assert/strict';
import { test } from 'node:test';
import { codeOf, importsOf } from './source-text.mjs';

test('code is what is left without comments and strings', () => {
  const source = [
    "const a = 'Date.now()'; // Date.now()",
    '/* Date.now() */ const b = `Date $' + '{clock.now()} now`;',
  ].join('\n');
  assert.equal(codeOf(source).replace(/\s+/g, ' '), "const a = ''; const b = clock.now() ;");
});

test('every way to import is found', () => {
  const source = [
    "import { a } from 'one';",
    "import type { A } from 'two';",
    "import 'three';",
    "export * from 'four';",
    "const five = await import('five');",
    "type Six = typeof import('six');",
    "import {\n  b,\n} from './seven.ts';",
    "// import 'a comment';",
    "const text = 'imported from here';",
  ].join('\n');
  const found = importsOf(source);
  const expected = ['one', 'two', 'three', 'four', 'five', 'six', './seven.ts'];
  assert.deepEqual(
    found.map(({ specifier }) => specifier),
    expected,
  );
  const typeOnly = found.filter(({ isTypeOnly }) => isTypeOnly).map(({ specifier }) => specifier);
  assert.deepEqual(typeOnly, ['two', 'six']);
});
