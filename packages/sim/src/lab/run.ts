import { reasonOf } from '../reason-of.ts';
import { VirtualTime } from '../virtual-time.ts';
import type { LabReport, LabTest } from './test-case.ts';

/** Runs one test in virtual time. The same seed gives the same run. */
export function runInVirtualTime(test: LabTest, seed: number): Promise<LabReport> {
  const time = new VirtualTime();
  return time
    .run(() => test.run(time, seed))
    .catch((cause: unknown) => {
      throw failedRun(test, seed, cause);
    });
}

/** Says in one line how to see the failure again. */
export function failedRun(test: LabTest, seed: number, cause: unknown, flags = ''): Error {
  const rerun = `npm run lab -- --test ${test.name} --seed ${seed} ${flags}`.trimEnd();
  return new Error(`${test.name} failed: ${reasonOf(cause)}\nrerun: ${rerun}`, { cause });
}
