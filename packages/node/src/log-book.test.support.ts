type Logged = { readonly message: string; readonly facts: object };

/** Notes log lines and lets a test wait for one. */
export class LogBook {
  readonly lines: Logged[] = [];
  #waiting: (() => void)[] = [];

  readonly write = (_level: string, message: string, facts: object): void => {
    this.lines.push({ message, facts });
    for (const look of this.#waiting) look();
  };

  /** The first line in which `pattern` is found. */
  find(pattern: RegExp): Promise<string> {
    return new Promise((resolve) => {
      const look = (): void => {
        const texts = this.lines.map(({ message, facts }) => `${message} ${JSON.stringify(facts)}`);
        const found = texts.find((line) => pattern.test(line));
        if (found !== undefined) resolve(found);
      };
      this.#waiting.push(look);
      look();
    });
  }
}
