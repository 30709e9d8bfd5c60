import type { Message, TraceEvent } from '@quorate/core';
import type { Server, ServerObserver } from '../server.ts';

/** Remembers all that was said and decided, for whoever asks afterwards. */
export class Witness implements ServerObserver {
  readonly sentMessages: Message[] = [];
  readonly traceEvents: TraceEvent[] = [];

  started(): void {}

  traced(_server: Server, event: TraceEvent): void {
    this.traceEvents.push(event);
  }

  received(): void {}

  wrote(): void {}

  sent(_server: Server, message: Message): void {
    this.sentMessages.push(message);
  }

  applied(): void {}

  turned(): void {}
}
