/**
 * The disks of the other servers, as they were first met. A server that comes back under its old id
 * with another disk has forgotten its votes and what it acknowledged: as its old self it could elect
 * a leader that lacks committed entries. So it is not heard (hazard 30).
 */

import { join } from 'node:path';
import type { NodeId } from '@quorate/core';
import { RaftError } from '../errors.ts';
import type { FileSystem } from './file-system.ts';
import { readIdentity } from './identity.ts';
import { readSmallFile, writeSmallFile } from './small-file.ts';

const FILE_NAME = 'peers.json';
const FORMAT = 1;

/** What is said of an incarnation to others: enough to tell two of one server. */
const shortOf = (incarnation: string): number => Number.parseInt(incarnation.slice(0, 8), 16) || 1;

export class KnownPeers {
  /** Of this server's own disk; 0 for one that has none and forgets everything at its end. */
  readonly incarnation: number;
  readonly #met: Map<NodeId, number>;
  readonly #save: (met: ReadonlyMap<NodeId, number>) => Promise<void>;
  /** Saves, one after the other. */
  #saved: Promise<void> = Promise.resolve();

  private constructor(
    incarnation: number,
    met: Map<NodeId, number>,
    save: (met: ReadonlyMap<NodeId, number>) => Promise<void>,
  ) {
    this.incarnation = incarnation;
    this.#met = met;
    this.#save = save;
  }

  /** For a server without a disk. */
  static inMemory(): KnownPeers {
    return new KnownPeers(0, new Map(), async () => {});
  }

  /**
   * @param directory Of this server, which has an identity in it.
   * @throws {RaftError} `RAFT_STORAGE_CORRUPT`
   */
  static async open(fileSystem: FileSystem, directory: string): Promise<KnownPeers> {
    const identity = await readIdentity(fileSystem, directory);
    const incarnation = identity === undefined ? 0 : shortOf(identity.incarnation);
    const text = await readSmallFile(fileSystem, directory, FILE_NAME);
    const met = text === undefined ? new Map() : parse(text, join(directory, FILE_NAME));
    return new KnownPeers(incarnation, met, (now) =>
      writeSmallFile(fileSystem, directory, FILE_NAME, textOf(now)),
    );
  }

  /**
   * Has that server the disk with which it was first met? One that is met for the first time is
   * remembered, durably, before the answer.
   */
  async isSame(peer: NodeId, incarnation: number): Promise<boolean> {
    const known = this.#met.get(peer);
    if (known !== undefined || incarnation === 0) return incarnation === (known ?? 0);
    this.#met.set(peer, incarnation);
    this.#saved = this.#saved.catch(() => {}).then(() => this.#save(this.#met));
    try {
      await this.#saved;
    } catch (error) {
      // Met for the first time again when the disk has room, or at the next start.
      this.#met.delete(peer);
      throw error;
    }
    return true;
  }
}

function textOf(met: ReadonlyMap<NodeId, number>): string {
  return `${JSON.stringify({ format: FORMAT, incarnations: Object.fromEntries(met) })}\n`;
}

function parse(text: string, path: string): Map<NodeId, number> {
  try {
    const { format, incarnations } = JSON.parse(text);
    const entries = Object.entries(incarnations).map(
      ([id, incarnation]) => [Number(id) as NodeId, incarnation as number] as const,
    );
    const areNumbers = entries.flat().every(Number.isSafeInteger);
    if (format === FORMAT && areNumbers) return new Map(entries);
  } catch {
    // Said below.
  }
  const remedy = 'if no server of the cluster has lost its data, remove that file: it is made anew';
  const problem = `${path} does not say format ${FORMAT} with all its fields`;
  throw new RaftError('RAFT_STORAGE_CORRUPT', `${problem}; ${remedy}`, { details: { file: path } });
}
