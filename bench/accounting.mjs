/** What the kernel says of processes and of the machine. Linux only: it reads /proc. */

import { readFileSync } from 'node:fs';

/** The unit of CPU time in /proc: USER_HZ, 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

/** User and system seconds of a process, all threads, in steps of 10 ms. 0 if it is gone. */
export function processCpuSeconds(pid) {
  const fields = readFields(`/proc/${pid}/stat`);
  if (fields === undefined) return 0;
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** Busy and stolen seconds since boot, summed over all cores. */
export function machineCpuSeconds() {
  const line = readFileSync('/proc/stat', 'utf8').split('\n', 1)[0];
  const [user, nice, system, , , interrupts, softInterrupts, stolen] = line
    .trim()
    .split(/\s+/)
    .slice(1)
    .map((ticks) => Number(ticks) / TICKS_PER_SECOND);
  return { busy: user + nice + system + interrupts + softInterrupts, stolen };
}

/** VmRSS of this process in MiB. */
export function residentMiB() {
  const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  return Number(kibibytes) / 1024;
}

/** The fields after the process's name, which may itself hold blanks and parentheses. */
function readFields(path) {
  try {
    const text = readFileSync(path, 'utf8');
    return text
      .slice(text.lastIndexOf(')') + 1)
      .trim()
      .split(/\s+/);
  } catch {
    return undefined;
  }
}
