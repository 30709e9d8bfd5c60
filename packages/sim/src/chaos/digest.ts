/**
 * One number for a whole run: every decision, message, write and application, with its time. Two runs
 * that differ anywhere differ here, but for an accident in 2^53.
 */

import { type Batch, lastIndexOf, type Message, type TraceEvent, type Write } from '@quorate/core';
import type { Server, ServerObserver } from '../server.ts';
import type { Time } from '../time.ts';

export class Digest implements ServerObserver {
  readonly #time: Time;
  readonly #number = new Float64Array(1);
  readonly #words = new Uint32Array(this.#number.buffer);
  #low = 0x811c9dc5;
  #high = 0x9e3779b9;

  constructor(time: Time) {
    this.#time = time;
  }

  /** 16 hexadecimal digits. */
  get value(): string {
    return hex(this.#high) + hex(this.#low);
  }

  add(...numbers: readonly number[]): void {
    for (const number of numbers) this.#fold(number);
  }

  addText(text: string): void {
    this.#fold(text.length);
    for (let at = 0; at < text.length; at++) this.#foldWord(text.charCodeAt(at));
  }

  started({ id }: Server): void {
    this.#event('s', id);
  }

  traced({ id }: Server, event: TraceEvent): void {
    this.#event('t', id);
    this.addText(event.kind);
    this.#fold(event.term);
  }

  received({ id }: Server, message: Message): void {
    this.#event('r', id);
    this.#fold(message.from);
    this.#fold(message.term);
  }

  wrote({ id }: Server, { sequence, batches }: Write): void {
    this.#event('w', id);
    this.#fold(sequence);
    for (const batch of batches) this.#foldBatch(batch);
  }

  sent({ id }: Server, message: Message): void {
    this.#event('m', id);
    this.addText(message.kind);
    this.#fold(message.to);
    this.#fold(message.term);
  }

  applied({ id }: Server, batch: Batch): void {
    this.#event('a', id);
    this.#foldBatch(batch);
  }

  turned(server: Server): void {
    this.#event('e', server.id);
    this.#fold(server.appliedIndex);
  }

  #event(letter: string, id: number): void {
    this.#fold(this.#time.now());
    this.#foldWord(letter.charCodeAt(0) * 1024 + id);
  }

  #foldBatch(batch: Batch): void {
    this.#fold(batch.term);
    this.#fold(batch.firstIndex);
    this.#fold(lastIndexOf(batch));
    this.#fold(batch.byteLength);
  }

  #fold(number: number): void {
    this.#number[0] = number;
    this.#foldWord(this.#words[0]!);
    this.#foldWord(this.#words[1]!);
  }

  /** Two multiplicative hashes side by side, of which one also takes what the other has become. */
  #foldWord(word: number): void {
    this.#low = Math.imul(this.#low ^ word, 0x01000193);
    this.#high = Math.imul(this.#high ^ word ^ (this.#low >>> 15), 0x85ebca6b);
  }
}

const hex = (word: number): string => (word >>> 0).toString(16).padStart(8, '0');
