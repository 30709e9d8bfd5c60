import type { LogIndex } from '@quorate/core';
import { RaftError } from './errors.ts';
import { reasonOf } from './reason-of.ts';
import type { StateMachine } from './state-machine.ts';
import type { Storage } from './storage/storage.ts';

/**
 * Brings a machine to a state from which the log leads on, and answers its index. An in-memory
 * machine gets the newest snapshot; an on-disk one only if it crashed while it restored that one.
 *
 * @throws {RaftError} `RAFT_STORAGE_CORRUPT` when log and machine do not belong together,
 *   `RAFT_MACHINE_FAILED` when the machine throws.
 */
export async function startMachine(
  machine: StateMachine<unknown>,
  { stored, snapshots }: Storage,
): Promise<LogIndex> {
  const { snapshot, base, lastIndex } = stored;
  const stands = await started('open', () => machine.open());
  if (!Number.isSafeInteger(stands) || stands < 0) {
    const problem = `the state machine's open() answered ${stands}, which is no index`;
    throw new RaftError('RAFT_MACHINE_FAILED', `${problem}; answer 0 for an empty one`);
  }
  if (stands > lastIndex) {
    const problem = `the state machine stands at ${stands}, but the log ends at ${lastIndex}`;
    throw mismatch(`${problem}: the log was lost`);
  }
  const isBehind = machine.sync === undefined ? snapshot.index > stands : base.index > stands;
  if (!isBehind) return stands;
  if (snapshots.latest()?.index !== snapshot.index) {
    const problem = `the state machine stands at ${stands}, but the log begins behind ${base.index}`;
    throw mismatch(`${problem} and there is no snapshot: the machine's data was lost`);
  }
  const chunks = snapshots.open(snapshot);
  await started('restore', () => machine.restore(snapshot.index, chunks));
  return snapshot.index;
}

async function started<Answer>(name: string, call: () => Promise<Answer>): Promise<Answer> {
  try {
    return await call();
  } catch (cause) {
    // A snapshot that cannot be read is not the machine's fault.
    if (cause instanceof RaftError) throw cause;
    const reason = reasonOf(cause);
    const problem = `the state machine's ${name}() threw (${reason})`;
    throw new RaftError('RAFT_MACHINE_FAILED', `${problem}; mend it and start again`, { cause });
  }
}

function mismatch(problem: string): RaftError {
  const remedy = 'restore both from one backup, or let this server join anew with an empty disk';
  return new RaftError('RAFT_STORAGE_CORRUPT', `${problem}; ${remedy}`);
}
