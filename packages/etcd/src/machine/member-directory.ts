/**
 * What each member has published about itself: its name and its client URLs.
 *
 * A few hundred bytes that change when a member is started with other flags, kept in a file of
 * their own beside the store. The file may be ahead of the store's applied index after a crash;
 * the log is then replayed from that index and ends with the same content, because the last command
 * of a member wins.
 */

import { mkdirSync } from 'node:fs';
import { open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { type MemberAttributes, MemberDirectory as Stored } from '../generated/internal.ts';
import { toSafeNumber } from './from-wire.ts';

export class MemberDirectory {
  readonly #directory: string;
  #byId = new Map<number, MemberAttributes>();

  private constructor(directory: string) {
    this.#directory = directory;
  }

  static async open(directory: string): Promise<MemberDirectory> {
    mkdirSync(directory, { recursive: true });
    const members = new MemberDirectory(directory);
    const bytes = await readFile(members.#path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return new Uint8Array(0);
      throw error;
    });
    members.#load(bytes);
    return members;
  }

  get(memberId: number): MemberAttributes | undefined {
    return this.#byId.get(memberId);
  }

  async set(attributes: MemberAttributes): Promise<void> {
    this.#byId.set(toSafeNumber(attributes.id), attributes);
    await this.#save();
  }

  encode(): Uint8Array {
    return Stored.encode({ members: [...this.#byId.values()] }).finish();
  }

  async replace(bytes: Uint8Array): Promise<void> {
    this.#load(bytes);
    await this.#save();
  }

  get #path(): string {
    return join(this.#directory, 'members');
  }

  #load(bytes: Uint8Array): void {
    const { members } = Stored.decode(bytes);
    this.#byId = new Map(members.map((member) => [toSafeNumber(member.id), member]));
  }

  /** Written, synced, renamed, directory synced: a crash leaves the old file or the new one. */
  async #save(): Promise<void> {
    const temporary = `${this.#path}.tmp`;
    const file = await open(temporary, 'w');
    try {
      await file.writeFile(this.encode());
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, this.#path);
    const directory = await open(this.#directory, 'r');
    try {
      await directory.sync();
    } finally {
      await directory.close();
    }
  }
}
