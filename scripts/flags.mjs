/** What the commands of this directory have in common: flags, one line of progress, and how they end. */

import { parseArgs } from 'node:util';

export const TEXT = { type: 'string' };
const FEW = 6;

export const SWITCH = { type: 'boolean', default: false };

/**
 * Runs `main` with the values of `options` (as parseArgs takes them), or prints `usage` for `--help`.
 * What `main` throws is told in one sentence, without a stack, and the status is 1.
 */
export async function runCommand(usage, options, main) {
  try {
    const help = { type: 'boolean', short: 'h', default: false };
    const { values } = parseArgs({ options: { ...options, help } });
    if (values.help) console.log(usage);
    else await main(values);
  } catch (error) {
    console.error(`\nquorate: ${error.message}`);
    process.exitCode = 1;
  }
}

/** The number that `--flag` was given as `text`; undefined when it was not given. */
export function wholeNumber(flag, text, least = 1, most = Number.MAX_SAFE_INTEGER) {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= least && value <= most) return value;
  const range =
    most < Number.MAX_SAFE_INTEGER ? `from ${least} to ${most}` : `of at least ${least}`;
  throw new Error(`--${flag} takes a whole number ${range}, got "${text}"`);
}

/** `text`, if it is allowed or was not given. */
export function oneOf(flag, text, allowed) {
  if (text === undefined || allowed.includes(text)) return text;
  throw new Error(`--${flag} is ${choice(text, allowed)}, got "${text}"`);
}

/** A short list is told whole; of a long one the names that have most of the text's words. */
function choice(text, allowed) {
  if (allowed.length <= FEW) return `one of ${allowed.join(', ')}`;
  const words = text.toLowerCase().split(/\W+/).filter(Boolean);
  const inCommon = (name) => words.filter((word) => name.includes(word)).length;
  const near = allowed.filter((name) => inCommon(name) > 0);
  if (near.length === 0) return `one of ${allowed.length} names (--help says how to list them)`;
  near.sort((a, b) => inCommon(b) - inCommon(a));
  return `one of ${allowed.length} names, such as ${near.slice(0, FEW).join(', ')}`;
}

/** On a terminal only: one line that is written over. An empty text removes it. */
export function progress(text) {
  if (process.stdout.isTTY) process.stdout.write(`\r\x1b[K${text}`);
}
