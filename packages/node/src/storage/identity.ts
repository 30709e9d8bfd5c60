/** Whose directory this is, in one small file that a person can read. */

import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { RaftError } from '../errors.ts';
import { diskError } from './disk-errors.ts';
import { type FileSystem, writeAll } from './file-system.ts';
import type { Identity } from './storage.ts';

const FILE_NAME = 'identity.json';
const FORMAT = 1;
const MOST_BYTES = 4_096;

/**
 * Reads the identity, or writes a new one into an empty directory.
 *
 * @param isUsed whether data lie here already: then a missing identity is a loss, not a beginning.
 * @throws {RaftError} `RAFT_WRONG_DIRECTORY`, `RAFT_STORAGE_CORRUPT`.
 */
export async function claimIdentity(
  fileSystem: FileSystem,
  directory: string,
  wanted: { readonly clusterId: number; readonly nodeId: number },
  isUsed: boolean,
): Promise<Identity> {
  const path = join(directory, FILE_NAME);
  const names = await fileSystem.list(directory);
  if (names.includes(FILE_NAME)) {
    const found = parseIdentity(await readText(fileSystem, path), path);
    requireSame(found, wanted, directory);
    return found;
  }
  if (isUsed) {
    throw corruptIdentity(path, 'it is missing, but there are data of a server beside it');
  }
  const { clusterId, nodeId } = wanted;
  const identity = { clusterId, nodeId, incarnation: randomBytes(16).toString('hex') };
  await writeAtomically(
    fileSystem,
    directory,
    `${JSON.stringify({ format: FORMAT, ...identity })}\n`,
  );
  return identity;
}

/** 32 bits of it, for the log's checksums. */
export const saltOf = ({ incarnation }: Identity): number =>
  Number.parseInt(incarnation.slice(0, 8), 16);

function requireSame(
  found: Identity,
  wanted: { readonly clusterId: number; readonly nodeId: number },
  directory: string,
): void {
  if (found.clusterId === wanted.clusterId && found.nodeId === wanted.nodeId) return;
  throw new RaftError(
    'RAFT_WRONG_DIRECTORY',
    `${directory} holds server ${found.nodeId} of cluster ${found.clusterId}, not server ` +
      `${wanted.nodeId} of cluster ${wanted.clusterId}; choose the directory of this server, or an ` +
      'empty one for a new server',
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

function parseIdentity(text: string, path: string): Identity {
  let parsed: Partial<Identity & { format: number }>;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw corruptIdentity(path, 'it is not JSON', cause);
  }
  const { format, clusterId, nodeId, incarnation } = parsed;
  if (
    format !== FORMAT ||
    !Number.isSafeInteger(clusterId) ||
    !Number.isSafeInteger(nodeId) ||
    typeof incarnation !== 'string' ||
    !/^[0-9a-f]{32}$/.test(incarnation)
  ) {
    throw corruptIdentity(path, `it does not say format ${FORMAT} with all its fields`);
  }
  return { clusterId: clusterId!, nodeId: nodeId!, incarnation };
}

async function readText(fileSystem: FileSystem, path: string): Promise<string> {
  const file = await fileSystem.open(path, 'read');
  try {
    const bytes = new Uint8Array(MOST_BYTES);
    const count = await file.read(bytes, 0);
    return new TextDecoder().decode(bytes.subarray(0, count));
  } finally {
    await file.close();
  }
}

async function writeAtomically(
  fileSystem: FileSystem,
  directory: string,
  text: string,
): Promise<void> {
  const path = join(directory, FILE_NAME);
  const temporary = `${path}.tmp`;
  try {
    const file = await fileSystem.open(temporary, 'create');
    try {
      await writeAll(file, [new TextEncoder().encode(text)], 0);
      await file.sync();
    } finally {
      await file.close();
    }
    await fileSystem.rename(temporary, path);
    await fileSystem.syncDirectory(directory);
  } catch (cause) {
    throw diskError(cause, path);
  }
}

function corruptIdentity(path: string, what: string, cause?: unknown): RaftError {
  return new RaftError(
    'RAFT_STORAGE_CORRUPT',
    `${path} cannot be used: ${what}. Remedy: restore it from a copy, or remove this server from the ` +
      'cluster, empty its directory and add it again under a new id',
    { cause, details: { file: path } },
  );
}
