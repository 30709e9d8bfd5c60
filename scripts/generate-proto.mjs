/**
 * Writes packages/etcd/src/generated from packages/etcd/proto. Runs offline: buf and the ts-proto
 * plugin are development dependencies. The result is committed; run this after changing a .proto.
 */

import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

const options = [
  'env=both', // Uint8Array, not Buffer
  'forceLong=bigint', // lease ids use all 63 bits
  'oneof=unions-value',
  'enumsAsLiterals=true', // TypeScript's own enums are not erasable
  'unrecognizedEnum=false',
  'outputServices=generic-definitions',
  'outputJsonMethods=false',
  'outputPartialMethods=false',
  'useReadonlyTypes=true',
  'importSuffix=.ts',
];

const template = JSON.stringify({
  version: 'v2',
  plugins: [
    { local: `${root}node_modules/.bin/protoc-gen-ts_proto`, out: 'src/generated', opt: options },
  ],
});

const directory = `${root}packages/etcd`;
rmSync(`${directory}/src/generated`, { recursive: true, force: true });
execFileSync(`${root}node_modules/.bin/buf`, ['generate', 'proto', '--template', template], {
  cwd: directory,
  stdio: 'inherit',
});
