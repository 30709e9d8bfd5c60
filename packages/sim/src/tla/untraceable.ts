/** The run did what a trace cannot say. */
export class UntraceableError extends Error {
  override readonly name: string = 'UntraceableError';

  constructor(what: string) {
    super(`a TLA+ trace cannot say this: ${what} (docs/tla.md)`);
  }
}
