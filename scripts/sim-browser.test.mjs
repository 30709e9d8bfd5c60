/** A run of the simulator is the same, bit for bit, in Node.js and in Chromium. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { evaluateInBrowser, findBrowser, NO_BROWSER } from './browser.mjs';
import { compareEngines } from './sim-browser.mjs';

const browser = findBrowser();
const options = { skip: browser === undefined && NO_BROWSER };
/** For a machine that has other things to do. */
const timeoutMs = 120_000;

test('three seeds are the same run in Chromium', options, async () => {
  const { rows } = await compareEngines({ browser, first: 1, count: 3, timeoutMs });
  assert.deepEqual(
    rows.map(({ seed, node, differences }) => [seed, /^[0-9a-f]{16}$/.test(node), differences]),
    [1, 2, 3].map((seed) => [seed, true, []]),
  );
});

test('what goes wrong in the page is told', options, async () => {
  const failing = evaluateInBrowser(browser, { body: 'null.field', argument: {}, timeoutMs });
  await assert.rejects(failing, /in the browser: TypeError/);
});
