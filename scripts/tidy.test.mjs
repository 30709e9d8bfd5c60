/** Fences: what the house promises about its own source, checked on every run. */

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, test } from 'node:test';
import { packageNames, projectFiles, readJson, readText, root } from './project.mjs';
import { codeOf, importsOf } from './source-text.mjs';

/** Which package may import which. The arrows of docs/ARCHITECTURE.md. */
const ARROWS = {
  core: [],
  wire: ['core'],
  kv: [],
  check: [],
  sim: ['core', 'wire', 'kv', 'check'],
  node: ['core', 'wire'],
  etcd: ['core', 'wire', 'kv', 'node'],
  cli: ['core', 'wire', 'node', 'etcd'],
};

/** Run unchanged in a browser, and the same inputs give the same outputs. Tests excepted. */
const PURE = ['core', 'wire', 'kv', 'check', 'sim'];

const FORBIDDEN_IN_PURE = [
  ['the clock', /(?<![.\w])(Date|performance)\b/],
  ['the dice', /\bMath\.random\b|(?<![.\w])crypto\b/],
  ['timers', /(?<![.\w])(set|clear)(Timeout|Interval|Immediate)\b|(?<![.\w])queueMicrotask\b/],
  ['the console', /(?<![.\w])console\b/],
  ['Node.js', /(?<![.\w])(process\s*[.?[]|Buffer\b|require\s*\(|globalThis\b)|\bimport\.meta\b/],
  // Their last digit is not laid down, and a run must be the same in every engine.
  ['an approximation', /\bMath\.(a?(sin|cos|tan)h?|atan2|cbrt|exp|expm1|hypot|log\w*|pow)\b/],
  ['the locale', /\.(localeCompare|toLocale\w+)\b/],
];

const MAX_LINES = 400;

const files = projectFiles();
const sourcesOf = (name) =>
  files.filter((path) => path.startsWith(`packages/${name}/src/`) && path.endsWith('.ts'));
/** Tests, and what only they use: both stay out of the published packages. */
const isTest = (path) => /\.test\.(support\.)?ts$/.test(path);
const isGenerated = (path) => path.includes('/generated/');
const npmNameOf = (name) => readJson(`packages/${name}/package.json`).name;
/** `@scope/name/sub` and `name/sub` without the `/sub`. */
const packagePart = (specifier) =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');

test('every package is in the list of arrows', () => {
  assert.deepEqual(packageNames(), Object.keys(ARROWS).sort());
});

for (const name of PURE) {
  test(`${name} touches no clock, dice, timers, console or Node.js`, () => {
    for (const path of sourcesOf(name).filter((path) => !isTest(path))) {
      const code = codeOf(readText(path));
      for (const [what, pattern] of FORBIDDEN_IN_PURE) {
        const found = pattern.exec(code)?.[0];
        assert.equal(found, undefined, `${path} must be given ${what} as an input`);
      }
    }
  });
}

for (const [name, arrows] of Object.entries(ARROWS)) {
  describe(`the arrows of ${name}`, () => {
    const manifest = readJson(`packages/${name}/package.json`);
    const own = new Set(Object.values(ARROWS).flat().concat('cli').map(npmNameOf));
    const allowed = new Set(arrows.map(npmNameOf));
    const dependencies = Object.keys(manifest.dependencies ?? {});

    test('its sources import only what it depends on', () => {
      const forTests = Object.keys(readJson('package.json').devDependencies);
      for (const path of sourcesOf(name)) {
        for (const { specifier, isTypeOnly } of importsOf(readText(path))) {
          const known = [...dependencies, ...(isTest(path) || isTypeOnly ? forTests : [])];
          if (specifier.startsWith('.')) {
            const target = normalize(join(dirname(path), specifier));
            const home = `packages/${name}/src/`;
            assert.ok(target.startsWith(home), `${path} reaches out of its package: ${specifier}`);
          } else if (specifier.startsWith('node:')) {
            assert.ok(isTest(path) || !PURE.includes(name), `${path} imports ${specifier}`);
          } else {
            assert.ok(known.includes(packagePart(specifier)), `${path} imports ${specifier}`);
          }
        }
      }
    });

    test('package.json depends on no package that it may not import', () => {
      const wrong = dependencies.filter((key) => own.has(key) && !allowed.has(key));
      assert.deepEqual(wrong, [], `packages/${name}/package.json`);
      if (PURE.includes(name))
        assert.deepEqual(
          dependencies.filter((key) => !own.has(key)),
          [],
        );
    });

    test('tsconfig.json refers to exactly the packages of package.json', () => {
      const { references } = readJson(`packages/${name}/tsconfig.json`);
      const referred = references.map(({ path }) => npmNameOf(path.replace('../', '')));
      const depended = dependencies.filter((key) => own.has(key));
      assert.deepEqual(referred.sort(), depended.sort(), `packages/${name}`);
    });
  });
}

test('the build covers every package', () => {
  const built = readJson('tsconfig.json').references.map(({ path }) => path);
  assert.deepEqual(
    built.sort(),
    packageNames().map((name) => `packages/${name}`),
  );
});

test(`no source file is longer than ${MAX_LINES} lines`, () => {
  const sources = packageNames().flatMap(sourcesOf);
  const long = sources
    .filter((path) => !isGenerated(path))
    .map((path) => ({ path, lines: readText(path).trimEnd().split('\n').length }))
    .filter(({ lines }) => lines > MAX_LINES);
  assert.deepEqual(long, [], 'find the second idea in it and move it out');
});

describe('dependencies', () => {
  const manifests = files.filter((path) => /^(packages\/[^/]+\/)?package\.json$/.test(path));

  test('versions are exact', () => {
    for (const path of manifests) {
      const { dependencies, devDependencies, optionalDependencies } = readJson(path);
      const all = { ...dependencies, ...devDependencies, ...optionalDependencies };
      for (const [name, version] of Object.entries(all)) {
        assert.match(version, /^\d+\.\d+\.\d+(-[\w.]+)?$/, `${name} in ${path}`);
      }
    }
  });

  test('package-lock.json knows every manifest as it is', () => {
    const locked = readJson('package-lock.json').packages;
    for (const path of manifests) {
      const folder = path === 'package.json' ? '' : dirname(path);
      const { dependencies, devDependencies } = readJson(path);
      const found = locked[folder] ?? {};
      assert.deepEqual(found.dependencies ?? {}, dependencies ?? {}, `dependencies of ${path}`);
      assert.deepEqual(found.devDependencies ?? {}, devDependencies ?? {}, `those of ${path}`);
    }
  });

  test('package-lock.json names no place to download from', () => {
    for (const [path, { resolved }] of Object.entries(readJson('package-lock.json').packages)) {
      assert.doesNotMatch(resolved ?? '', /^https?:/, path);
    }
  });

  // npm leaves out what the registry of the moment does not offer, and `npm ci` then refuses the file.
  test('package-lock.json lists the optional packages of every platform', () => {
    const locked = readJson('package-lock.json').packages;
    for (const [path, { optionalDependencies }] of Object.entries(locked)) {
      for (const name of Object.keys(optionalDependencies ?? {})) {
        const places = [`node_modules/${name}`, `${path}/node_modules/${name}`];
        assert.ok(
          places.some((place) => place in locked),
          `${name}, which ${path} may want`,
        );
      }
    }
  });

  for (const name of packageNames()) {
    test(`the README of ${name} gives the reason for each dependency`, () => {
      const path = `packages/${name}/README.md`;
      assert.ok(existsSync(join(root, path)), `${path} is missing`);
      const readme = readText(path);
      const { dependencies } = readJson(`packages/${name}/package.json`);
      for (const key of Object.keys(dependencies ?? {})) {
        if (key.startsWith('@quorate/')) continue;
        assert.ok(readme.includes(key), `${path} says nothing about ${key}`);
      }
    });
  }
});

test('no file names a place of one machine', () => {
  // The class of one letter keeps this file from matching itself.
  const pattern = /\/wor[k]\/(main|shared|steering|\.library)|\/tm[p]\/(bash_jobs|q\/)|\/far[m]\//;
  for (const path of files.filter((path) => path !== 'package-lock.json')) {
    const line = readText(path)
      .split('\n')
      .find((text) => pattern.test(text));
    assert.equal(line, undefined, path);
  }
});

test('every link in a page leads to a file that is there', () => {
  for (const path of files.filter((path) => path.endsWith('.md'))) {
    const prose = readText(path).replace(/^```[\s\S]*?^```/gm, '');
    for (const [, target] of prose.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:|^#/.test(target)) continue;
      const file = join(dirname(path), target.replace(/#.*$/, ''));
      assert.ok(existsSync(join(root, file)), `${path} links to ${target}`);
    }
  }
});
