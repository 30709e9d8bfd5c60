import { RaftError } from './errors.ts';

/** How a node or a host ends: once, and whoever asks something of it afterwards hears why. */
export class Ending {
  /** Resolves when all is let go of: with undefined after `close`, else with the reason. */
  readonly ended: Promise<Error | undefined>;
  readonly #what: 'node' | 'host';
  readonly #release: (reason: RaftError) => Promise<void>;
  #resolveEnded: (error: Error | undefined) => void = () => {};
  /** Set from the moment the end begins. */
  #begun: { readonly reason: RaftError; readonly done: Promise<void> } | undefined;

  constructor(what: 'node' | 'host', release: (reason: RaftError) => Promise<void>) {
    this.#what = what;
    this.#release = release;
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve;
    });
  }

  /** Why nothing can be asked any more, if so. */
  get reason(): RaftError | undefined {
    return this.#begun?.reason;
  }

  /** @param cause Undefined: the application wishes it. */
  begin(cause: Error | undefined): Promise<void> {
    if (this.#begun !== undefined) return this.#begun.done;
    const problem =
      cause === undefined
        ? `the ${this.#what} was closed`
        : `the ${this.#what} ended: ${cause.message}`;
    const reason = new RaftError('RAFT_CLOSED', `${problem}; open it again`, { cause });
    const done = this.#release(reason).catch((error: unknown) => {
      // After a failure the first cause is the one to tell.
      if (cause === undefined) throw error;
    });
    done.then(() => this.#resolveEnded(cause), this.#resolveEnded);
    this.#begun = { reason, done };
    return done;
  }
}
