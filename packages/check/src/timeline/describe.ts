import type { Operation } from '../history.ts';

export type AnyOperation = Operation<unknown, unknown>;

/** For text and for attributes in double quotes. */
export const escapeHtml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');

/** `put k "v"`: what models here call `kind`, then the other fields in turn. */
export function describeInput(input: unknown): string {
  if (typeof input !== 'object' || input === null || !('kind' in input)) return describe(input);
  const { kind, ...rest } = input;
  const values = Object.values(rest).map((value) =>
    typeof value === 'string' ? value : describe(value),
  );
  return [String(kind), ...values].join(' ');
}

/** An answer; `ok` for one that says nothing. */
export const describeOutput = (output: unknown): string =>
  output === undefined ? 'ok' : describe(output);

export function describeOperation(operation: AnyOperation): string {
  const answer = operation.kind === 'completed' ? describeOutput(operation.output) : 'no answer';
  return `${describeInput(operation.input)} → ${answer}`;
}

export function shorten(text: string, length: number): string {
  if (text.length <= length) return text;
  return length < 2 ? '' : `${text.slice(0, length - 1)}…`;
}

const describe = (value: unknown): string => JSON.stringify(value) ?? 'nothing';
