/**
 * The benchmark's state machine: counts commands and bytes, and keeps a checksum over all applied
 * bytes in order, so that the replicas can be compared after the load.
 *
 * The Go peers use CRC-32C, for which Go has the processor's instruction. Node offers zlib.crc32
 * (the IEEE polynomial). A digest is only ever compared among replicas of one system, so either
 * will do. A call of zlib.crc32 costs more than the checksum of 256 bytes itself; commands are
 * therefore gathered into one buffer and checksummed when it is full.
 */

import { crc32 } from 'node:zlib';

const GATHER_BYTES = 65_536;

export class CountingMachine {
  #count = 0;
  #bytes = 0;
  #crc = 0;
  #gathered = new Uint8Array(GATHER_BYTES);
  #length = 0;

  async open() {
    return 0;
  }

  apply(batches) {
    const results = [];
    for (const batch of batches) {
      for (const command of batch) {
        this.#take(command);
        results.push(undefined);
      }
    }
    return results;
  }

  get count() {
    return this.#count;
  }

  /** The digest of everything applied so far. */
  stat() {
    this.#flush();
    return { count: this.#count, bytes: this.#bytes, crc: this.#crc };
  }

  #take(command) {
    this.#count += 1;
    this.#bytes += command.length;
    if (this.#length + command.length > GATHER_BYTES) this.#flush();
    if (command.length > GATHER_BYTES) {
      this.#crc = crc32(command, this.#crc);
      return;
    }
    this.#gathered.set(command, this.#length);
    this.#length += command.length;
  }

  #flush() {
    this.#crc = crc32(this.#gathered.subarray(0, this.#length), this.#crc);
    this.#length = 0;
  }

  async *snapshot() {
    yield Buffer.from(JSON.stringify(this.stat()));
  }

  async restore(_index, chunks) {
    const parts = [];
    for await (const chunk of chunks) parts.push(Buffer.from(chunk));
    const state = JSON.parse(Buffer.concat(parts).toString());
    this.#count = state.count;
    this.#bytes = state.bytes;
    this.#crc = state.crc;
    this.#length = 0;
  }
}
