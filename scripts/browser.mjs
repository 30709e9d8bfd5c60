/**
 * Runs the built pure packages in a headless browser: a server that has them, a page with an import
 * map, and no bundler. What a page computes comes back to Node.js as JSON.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { delimiter, join, normalize } from 'node:path';
import { readJson, root } from './project.mjs';

/** What `sim` needs; all of it is pure. */
const PACKAGES = ['core', 'wire', 'kv', 'check', 'sim'];

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

export const NO_BROWSER = `no browser: none of ${NAMES.join(', ')} is on the PATH`;

/** The path of a Chromium; undefined if there is none. */
export function findBrowser() {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return NAMES.flatMap((name) => folders.map((folder) => join(folder, name))).find(isExecutable);
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Evaluates the body of an async function in a page, with `sim` (the package) and `argument`.
 *
 * @param timeoutMs A browser that says nothing for so long has failed.
 * @returns {Promise<unknown>} What it returns, by way of JSON.
 */
export async function evaluateInBrowser(browser, { body, argument, timeoutMs }) {
  const { promise, resolve, reject } = settling();
  const server = createServer((request, response) =>
    answer(request, response, { page: pageOf(body, argument), onResult: resolve }),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const profile = mkdtempSync(join(tmpdir(), 'quorate-browser-'));
  const child = launch(browser, profile, `http://127.0.0.1:${server.address().port}/`);
  const said = [];
  child.stderr.on('data', (data) => said.push(data));
  child.on('error', reject);
  child.on('exit', (status, signal) =>
    reject(new Error(`${browser} ended with ${signal ?? status}: ${Buffer.concat(said)}`)),
  );
  const timer = setTimeout(
    () => reject(new Error(`${browser} has said nothing for ${timeoutMs / 1000} s`)),
    timeoutMs,
  );
  try {
    const { value, error } = await promise;
    if (error !== undefined) throw new Error(`in the browser: ${error}`);
    return value;
  } finally {
    clearTimeout(timer);
    await stop(child);
    server.closeAllConnections();
    server.close();
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Node.js 20 has no Promise.withResolvers. */
function settling() {
  const parts = {};
  parts.promise = new Promise((resolve, reject) => Object.assign(parts, { resolve, reject }));
  return parts;
}

function launch(browser, profile, url) {
  const args = [
    ...['--headless', '--disable-gpu', '--no-first-run', '--disable-extensions'],
    // Shared memory is scarce in containers.
    ...['--disable-dev-shm-usage', `--user-data-dir=${profile}`],
    // Root has no user namespace to hide in.
    ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
    url,
  ];
  // A process group of its own, so that all of the browser's processes end with it.
  return spawn(browser, args, { detached: true, stdio: ['ignore', 'ignore', 'pipe'] });
}

async function stop(child) {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  process.kill(-child.pid, 'SIGKILL');
  await ended;
}

function answer(request, response, { page, onResult }) {
  const { pathname } = new URL(request.url, 'http://localhost');
  if (request.method === 'POST') {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      response.end();
      onResult(JSON.parse(Buffer.concat(chunks).toString()));
    });
  } else if (pathname === '/') {
    response.setHeader('content-type', 'text/html; charset=utf-8').end(page);
  } else {
    const script = scriptAt(pathname);
    response.statusCode = script === undefined ? 404 : 200;
    response.setHeader('content-type', 'text/javascript; charset=utf-8').end(script);
  }
}

/** A compiled file of one of the packages, and nothing else. */
function scriptAt(pathname) {
  const path = normalize(decodeURIComponent(pathname));
  if (!/^\/packages\/[a-z]+\/dist\/[\w./-]+\.js$/.test(path)) return undefined;
  try {
    return readFileSync(join(root, path));
  } catch {
    return undefined;
  }
}

function pageOf(body, argument) {
  const imports = PACKAGES.map((name) => {
    const { name: specifier, exports } = readJson(`packages/${name}/package.json`);
    return [specifier, `/packages/${name}/${exports['.'].default.replace('./', '')}`];
  });
  return `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">
<script type="importmap">${JSON.stringify({ imports: Object.fromEntries(imports) })}</script>
<script type="module">
const tell = (result) => fetch('/', { method: 'POST', body: JSON.stringify(result) });
try {
  const sim = await import('@quorate/sim');
  const argument = ${JSON.stringify(argument)};
  const value = await (async () => { ${body} })();
  await tell({ value });
} catch (error) {
  await tell({ error: String(error.stack ?? error) });
}
</script>`;
}
