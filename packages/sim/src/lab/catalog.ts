import { TESTS_4A } from './kv/tests-4a.ts';
import { TESTS_4B } from './kv/tests-4b.ts';
import type { LabTest } from './test-case.ts';
import { TESTS_3A } from './tests-3a.ts';
import { TESTS_3B } from './tests-3b.ts';
import { TESTS_3C } from './tests-3c.ts';
import { TESTS_3D } from './tests-3d.ts';

/** The lab's table, in its order. */
export const LAB_TESTS: readonly LabTest[] = [
  ...TESTS_3A,
  ...TESTS_3B,
  ...TESTS_3C,
  ...TESTS_3D,
  ...TESTS_4A,
  ...TESTS_4B,
];

export const labTestsNamed = (name: string): readonly LabTest[] =>
  LAB_TESTS.filter((test) => test.name.includes(name));
