/** Whose directory this is, in one small file that a person can read. */

import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { RaftError } from '../errors.ts';
import type { FileSystem } from './file-system.ts';
import { readSmallFile, writeSmallFile } from './small-file.ts';
import type { Identity } from './storage.ts';

const FILE_NAME = 'identity.json';
const FORMAT = 1;

/** What the file says. */
export interface StoredIdentity extends Identity {
  /** In the log's checksums; drawn when the log was begun. */
  readonly salt: number;
  /** Who the cluster began with, as far as the first start knew. */
  readonly initialVoters: readonly number[];
  /** Of a cluster that was made of what another one left. */
  readonly recovery: ServerRecovery | HostRecovery | undefined;
}

interface Recovery {
  /** Oldest first: the last one is that of which the new cluster was made. None is used again. */
  readonly formerClusterIds: readonly number[];
  /** Members of the old cluster, which never come back under these ids. Ascending. */
  readonly leftOut: readonly number[];
}

/**
 * The entry with which a recovered cluster begins: this server alone. The log may not have it yet, if
 * a crash came between this file and the log; then it is written when the directory is next opened.
 */
export interface ServerRecovery extends Recovery {
  readonly term: number;
  readonly index: number;
}

/** Likewise for the groups of a host: all their entries are in one record of the shared log, this one. */
export interface HostRecovery extends Recovery {
  readonly record: number;
  /** Ascending. */
  readonly groups: readonly number[];
}

/**
 * Reads the identity, or writes a new one into an empty directory.
 *
 * @param isUsed whether data lie here already: then a missing identity is a loss, not a beginning.
 * @throws {RaftError} `RAFT_WRONG_DIRECTORY`, `RAFT_STORAGE_CORRUPT`.
 */
export async function claimIdentity(
  fileSystem: FileSystem,
  directory: string,
  wanted: {
    readonly clusterId: number;
    readonly nodeId: number;
    readonly initialVoters: readonly number[];
  },
  isUsed: boolean,
): Promise<StoredIdentity> {
  const found = await readIdentity(fileSystem, directory);
  if (found !== undefined) {
    requireSame(found, wanted, directory);
    return found;
  }
  if (isUsed) {
    throw lostIdentity(directory);
  }
  const { clusterId, nodeId, initialVoters } = wanted;
  const incarnation = drawIncarnation();
  const salt = saltOf(incarnation);
  const recovery = undefined;
  const identity = { clusterId, nodeId, incarnation, salt, initialVoters, recovery };
  await writeIdentity(fileSystem, directory, identity);
  return identity;
}

/**
 * Undefined when there is none.
 *
 * @throws {RaftError} `RAFT_STORAGE_CORRUPT`
 */
export async function readIdentity(
  fileSystem: FileSystem,
  directory: string,
): Promise<StoredIdentity | undefined> {
  const text = await readSmallFile(fileSystem, directory, FILE_NAME);
  return text === undefined ? undefined : parseIdentity(text, join(directory, FILE_NAME));
}

/** A crash leaves the old file or the new one. */
export async function writeIdentity(
  fileSystem: FileSystem,
  directory: string,
  identity: StoredIdentity,
): Promise<void> {
  const text = `${JSON.stringify({ format: FORMAT, ...identity })}\n`;
  await writeSmallFile(fileSystem, directory, FILE_NAME, text);
}

export const drawIncarnation = (): string => randomBytes(16).toString('hex');

/** 32 bits of the first incarnation. */
const saltOf = (incarnation: string): number => Number.parseInt(incarnation.slice(0, 8), 16);

function requireSame(
  found: StoredIdentity,
  wanted: { readonly clusterId: number; readonly nodeId: number },
  directory: string,
): void {
  if (found.clusterId === wanted.clusterId && found.nodeId === wanted.nodeId) return;
  const isOldSelf =
    found.nodeId === wanted.nodeId &&
    found.recovery?.formerClusterIds.includes(wanted.clusterId) === true;
  const remedy = isOldSelf
    ? `it was recovered: open it with cluster id ${found.clusterId}`
    : 'choose the directory of this server, or an empty one for a new server';
  throw new RaftError(
    'RAFT_WRONG_DIRECTORY',
    `${directory} holds server ${found.nodeId} of cluster ${found.clusterId}, not server ` +
      `${wanted.nodeId} of cluster ${wanted.clusterId}; ${remedy}`,
    {
      details: {
        directory,
        foundClusterId: found.clusterId,
        foundNodeId: found.nodeId,
        clusterId: wanted.clusterId,
        nodeId: wanted.nodeId,
      },
    },
  );
}

function parseIdentity(text: string, path: string): StoredIdentity {
  let parsed: Partial<StoredIdentity & { format: number }>;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw corruptIdentity(path, 'it is not JSON', cause);
  }
  const { format, ...identity } = parsed;
  if (format === FORMAT && isComplete(identity)) return identity;
  throw corruptIdentity(path, `it does not say format ${FORMAT} with all its fields`);
}

function isComplete(identity: Partial<StoredIdentity>): identity is StoredIdentity {
  const { clusterId, nodeId, incarnation, salt, initialVoters, recovery } = identity;
  return (
    [clusterId, nodeId, salt].every(Number.isSafeInteger) &&
    isListOfIds(initialVoters) &&
    /^[0-9a-f]{32}$/.test(incarnation ?? '') &&
    (recovery === undefined || isRecovery(recovery))
  );
}

function isRecovery(recovery: ServerRecovery | HostRecovery): boolean {
  const { formerClusterIds, leftOut } = recovery;
  const numbers = 'groups' in recovery ? [recovery.record] : [recovery.term, recovery.index];
  const lists = 'groups' in recovery ? [leftOut, recovery.groups] : [leftOut];
  return isListOfIds(numbers) && [formerClusterIds, ...lists].every(isListOfIds);
}

const isListOfIds = (list: unknown): boolean =>
  Array.isArray(list) && list.every(Number.isSafeInteger);

/** There are data of a server, and nothing says of which. */
export function lostIdentity(directory: string): RaftError {
  const path = join(directory, FILE_NAME);
  return corruptIdentity(path, 'it is missing, but there are data of a server beside it');
}

function corruptIdentity(path: string, what: string, cause?: unknown): RaftError {
  return new RaftError(
    'RAFT_STORAGE_CORRUPT',
    `${path} cannot be used: ${what}. Remedy: restore it from a copy, or remove this server from the ` +
      'cluster, empty its directory and add it again under a new id',
    { cause, details: { file: path } },
  );
}
