import type { Operation } from './history.ts';

/**
 * The calls and returns that the search has not dealt with yet, by time. A doubly linked list from
 * which an operation's two events can be lifted out and put back where they were, in the opposite
 * order, at constant cost (Knuth's "dancing links").
 */
interface Event {
  readonly kind: 'head' | 'call' | 'return';
  /** Index of the operation; -1 at the head. */
  readonly operation: number;
  previous: Event | undefined;
  next: Event | undefined;
}

export class EventList {
  readonly #head = eventOf('head', -1);
  readonly #calls: Event[] = [];
  /** Undefined for a pending operation: it has no return that could force it into the order. */
  readonly #returns: (Event | undefined)[] = [];
  #remainingReturns = 0;

  /** `operations` by time of call. */
  constructor(operations: readonly Operation<unknown, unknown>[]) {
    const timed: { event: Event; at: number }[] = [];
    operations.forEach((operation, index) => {
      const call = eventOf('call', index);
      this.#calls.push(call);
      timed.push({ event: call, at: operation.calledAt });
      const returned = operation.kind === 'completed' ? eventOf('return', index) : undefined;
      this.#returns.push(returned);
      if (operation.kind === 'completed' && returned !== undefined) {
        timed.push({ event: returned, at: operation.returnedAt });
      }
    });
    timed.sort((a, b) => a.at - b.at || callsFirst(a.event) - callsFirst(b.event));
    let last = this.#head;
    for (const { event } of timed) {
      last.next = event;
      event.previous = last;
      last = event;
      if (event.kind === 'return') this.#remainingReturns += 1;
    }
  }

  /** Completed operations that still have to be placed. */
  get remainingReturns(): number {
    return this.#remainingReturns;
  }

  /** The operations that were called before any other returned, by time of call. */
  available(): readonly number[] {
    const operations: number[] = [];
    for (let event = this.#head.next; event?.kind === 'call'; event = event.next) {
      operations.push(event.operation);
    }
    return operations;
  }

  /** The operation that returns first of those that are left, if any returns. */
  get firstToReturn(): number | undefined {
    let event = this.#head.next;
    while (event?.kind === 'call') event = event.next;
    return event?.operation;
  }

  lift(operation: number): void {
    unlink(this.#calls[operation]!);
    const returned = this.#returns[operation];
    if (returned === undefined) return;
    unlink(returned);
    this.#remainingReturns -= 1;
  }

  /** Undoes the latest `lift` that is not undone yet, which must have been of this operation. */
  putBack(operation: number): void {
    const returned = this.#returns[operation];
    if (returned !== undefined) {
      relink(returned);
      this.#remainingReturns += 1;
    }
    relink(this.#calls[operation]!);
  }
}

const eventOf = (kind: Event['kind'], operation: number): Event => ({
  kind,
  operation,
  previous: undefined,
  next: undefined,
});

/** Two operations that touch at one moment overlap: the caller's clock cannot tell which was first. */
const callsFirst = (event: Event): number => (event.kind === 'call' ? 0 : 1);

function unlink(event: Event): void {
  event.previous!.next = event.next;
  if (event.next !== undefined) event.next.previous = event.previous;
}

function relink(event: Event): void {
  event.previous!.next = event;
  if (event.next !== undefined) event.next.previous = event;
}
