import type { Batch, Message, TraceEvent, Write } from '@quorate/core';
import type { Server, ServerObserver } from './server.ts';

/** Several that watch, each told in turn. */
export class Observers implements ServerObserver {
  readonly #all: readonly ServerObserver[];

  constructor(all: readonly ServerObserver[]) {
    this.#all = all;
  }

  started(server: Server): void {
    for (const one of this.#all) one.started(server);
  }

  traced(server: Server, event: TraceEvent): void {
    for (const one of this.#all) one.traced(server, event);
  }

  received(server: Server, message: Message): void {
    for (const one of this.#all) one.received(server, message);
  }

  wrote(server: Server, write: Write): void {
    for (const one of this.#all) one.wrote(server, write);
  }

  sent(server: Server, message: Message, isPromise: boolean): void {
    for (const one of this.#all) one.sent(server, message, isPromise);
  }

  applied(server: Server, batch: Batch): void {
    for (const one of this.#all) one.applied(server, batch);
  }

  turned(server: Server): void {
    for (const one of this.#all) one.turned(server);
  }
}
