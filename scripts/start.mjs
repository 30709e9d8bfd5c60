/**
 * `npm start`: prepares, then runs three durable nodes with their data in ./data.
 * `npm start -- --nodes 5`: what comes after the dashes goes to `quorate dev`.
 */

import { prepare } from './prepare.mjs';
import { root } from './project.mjs';

prepare();
// `quorate dev` keeps its data in ./data of where it is called: here that is the checkout.
process.chdir(root);
process.argv.splice(2, 0, 'dev');
await import('../packages/cli/bin/quorate.mjs');
