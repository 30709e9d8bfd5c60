import type { LogIndex } from '@quorate/core';
import { RaftError } from './errors.ts';
import type { StateMachine } from './state-machine.ts';
import type { Storage } from './storage/storage.ts';

/**
 * Brings a machine to a state from which the log leads on, and answers its index. An in-memory
 * machine gets the newest snapshot; an on-disk one only if it crashed while it restored that one.
 *
 * @throws {RaftError} `RAFT_STORAGE_CORRUPT` when log and machine do not belong together.
 */
export async function startMachine(
  machine: StateMachine<unknown>,
  { stored, snapshots }: Storage,
): Promise<LogIndex> {
  const { snapshot, base, lastIndex } = stored;
  const stands = await machine.open();
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
  await machine.restore(snapshot.index, snapshots.open(snapshot));
  return snapshot.index;
}

function mismatch(problem: string): RaftError {
  const remedy = 'restore both from one backup, or let this server join anew with an empty disk';
  return new RaftError('RAFT_STORAGE_CORRUPT', `${problem}; ${remedy}`);
}
