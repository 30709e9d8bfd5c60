/** Log lines on stderr: a time, a level, a sentence, its facts. One for each noteworthy event. */

import pc from 'picocolors';

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
export type Log = (level: LogLevel, message: string, facts?: object) => void;

const PAINT: Readonly<Record<LogLevel, (text: string) => string>> = {
  debug: pc.dim,
  info: pc.cyan,
  warn: pc.yellow,
  error: pc.red,
};

/** Writes what is at least as grave as `least`. */
export function createLog(least: LogLevel, write: (line: string) => void, now: () => Date): Log {
  const lowest = LOG_LEVELS.indexOf(least);
  return (level, message, facts = {}) => {
    if (LOG_LEVELS.indexOf(level) < lowest) return;
    const words = [now().toISOString(), PAINT[level](level.padEnd(5)), message, ...factsOf(facts)];
    write(`${words.join(' ')}\n`);
  };
}

function factsOf(facts: object): string[] {
  return Object.entries(facts)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${pc.dim(`${name}=`)}${factText(value)}`);
}

function factText(value: unknown): string {
  if (value instanceof Error) return JSON.stringify(value.message);
  const text =
    typeof value === 'object' && value !== null
      ? JSON.stringify(value, (_, inner) => (typeof inner === 'bigint' ? String(inner) : inner))
      : String(value);
  return /[\s"]/.test(text) && typeof value !== 'object' ? JSON.stringify(text) : text;
}
