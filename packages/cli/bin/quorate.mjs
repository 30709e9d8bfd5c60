#!/usr/bin/env node
/** The command's door: committed, so that npm can link it before the first build. */

import { existsSync } from 'node:fs';

const program = new URL('../dist/main.js', import.meta.url);
if (existsSync(program)) {
  await import(program.href);
} else {
  console.error(
    'quorate: not built yet [QUORATE_NOT_BUILT]; run `npm run build` in the checkout first',
  );
  process.exit(1);
}
