/** Where the command writes: results to stdout, everything about them to stderr. */

/** Raw, so that values that are not text come out as they went in. */
export function print(...parts: readonly (string | Uint8Array)[]): void {
  for (const part of parts) process.stdout.write(part);
}

export function printLine(text: string): void {
  process.stdout.write(`${text}\n`);
}

export function printJson(value: unknown): void {
  printLine(JSON.stringify(value));
}

/** A remark for a person; a program reads stdout and never meets it. */
export function remark(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** `quorate get --prefix '' | head` closes our stdout early; that is no failure of ours. */
export function endQuietlyWhenReaderLeaves(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(0);
  });
}
