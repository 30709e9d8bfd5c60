/** The clock of this machine, for the simulator's servers and tests (`npm run lab -- --real`). */

/** Implements `Time` of packages/sim/src/time.ts. */
export class RealTime {
  #fail = () => {};

  now() {
    return performance.now();
  }

  /** Timers of Node.js are no finer than a millisecond; what is shorter happens at the next turn. */
  after(delayMs, action) {
    const run = () => this.#guard(action);
    if (delayMs >= 1) {
      const timer = setTimeout(run, delayMs);
      return { cancel: () => clearTimeout(timer) };
    }
    const immediate = setImmediate(run);
    return { cancel: () => clearImmediate(immediate) };
  }

  block(register) {
    return new Promise(register);
  }

  spawn(body) {
    const result = body();
    result.catch((error) => this.#fail(error));
    return { join: () => result };
  }

  /** Runs `body`; a failure in a timer or in a task that nobody waits for ends it too. */
  run(body) {
    return new Promise((resolve, reject) => {
      this.#fail = reject;
      body().then(resolve, reject);
    });
  }

  #guard(action) {
    try {
      action();
    } catch (error) {
      this.#fail(error);
    }
  }
}
