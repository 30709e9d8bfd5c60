/** What a run that fails leaves behind to look at, in ./sim-failures. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Below the directory that the command was started in. */
const FOLDER = 'sim-failures';

/** Answers the path. */
export function keepFile(name, text) {
  const path = join(FOLDER, name);
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(path, text);
  return path;
}

/** A timeline of what clients saw, if that is why it failed: the line that says where, or none. */
export function keepTimeline({ timelineOf }, failure, name) {
  const page = timelineOf(failure);
  return page === undefined ? [] : [`look at it: ${keepFile(`${name}.html`, page)}`];
}

/** Does it, and has a failure say where its timeline is. */
export async function withTimeline(sim, name, work) {
  try {
    return await work();
  } catch (failure) {
    const lines = keepTimeline(sim, failure, name);
    if (lines.length > 0) failure.message = [failure.message, ...lines].join('\n');
    throw failure;
  }
}
