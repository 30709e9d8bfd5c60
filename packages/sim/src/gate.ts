/**
 * Where everything enters a process. Frozen (SIGSTOP, a paused virtual machine, a long collection of
 * garbage) it takes nothing in: timers fire late, messages and finished writes wait. When it thaws,
 * all of it comes at once: in the order in which it happened, or timers first, as in an event loop that
 * looks at its timers before it looks at its sockets.
 */
export class Gate {
  #isOpen = true;
  #isClosedForGood = false;
  #waiting: { readonly action: () => void; readonly isTimer: boolean }[] = [];

  get isFrozen(): boolean {
    return !this.#isOpen;
  }

  /** Runs `action` now, after the thaw, or never if the process ends before. */
  pass(action: () => void, isTimer = false): void {
    if (this.#isClosedForGood) return;
    if (this.#isOpen) action();
    else this.#waiting.push({ action, isTimer });
  }

  freeze(): void {
    this.#isOpen = false;
  }

  thaw(areTimersFirst: boolean): void {
    this.#isOpen = true;
    const waiting = this.#waiting;
    this.#waiting = [];
    if (areTimersFirst) waiting.sort((a, b) => Number(b.isTimer) - Number(a.isTimer));
    for (const { action } of waiting) this.pass(action);
  }

  /** The process has ended. */
  close(): void {
    this.#isClosedForGood = true;
    this.#waiting = [];
  }
}
