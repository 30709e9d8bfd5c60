/** Is there a test of this name in that file? By its text, so that nothing need run. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readText, root } from '../project.mjs';

/** `test('…'`, with any of the three quotes, also where a formatter has begun a line. */
const TITLE = /\btest\(\s*(?:'((?:[^'\\\n]|\\.)*)'|"((?:[^"\\\n]|\\.)*)"|`((?:[^`\\]|\\.)*)`)/g;

/** What a name is made of at run time may be anything that stands there. */
function patternOf([, single, double, template]) {
  const text = single ?? double ?? template;
  const parts = template === undefined ? [text] : text.split(/\$\{[^}]*\}/);
  return new RegExp(`^${parts.map(escaped).join('.+')}$`);
}

const escaped = (text) => text.replace(/\\(.)/g, '$1').replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');

/** @param path From the top of the checkout. */
export function hasTest(path, name) {
  if (!existsSync(join(root, path))) return false;
  return [...readText(path).matchAll(TITLE)].some((found) => patternOf(found).test(name));
}
