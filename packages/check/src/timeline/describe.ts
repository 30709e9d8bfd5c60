import type { Operation } from '../history.ts';

export type AnyOperation = Operation<unknown, unknown>;

/** For text and for attributes in double quotes. */
export const escapeHtml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');

/** `put k v`: what models here call `kind`, then the other fields in turn; lists by their names. */
export const describeInput = (input: unknown): string => describe(input);

/** An answer; `ok` for one that says nothing. */
export const describeOutput = (output: unknown): string =>
  typeof output === 'string' ? JSON.stringify(output) : describe(output);

export function describeOperation(operation: AnyOperation): string {
  const answer = operation.kind === 'completed' ? describeOutput(operation.output) : 'no answer';
  return `${describeInput(operation.input)} → ${answer}`;
}

/** Eight digits tell apart what people look at. */
export const describeTime = (time: number): string => String(Number(time.toPrecision(8)));

export function shorten(text: string, length: number): string {
  if (text.length <= length) return text;
  return length < 2 ? '' : `${text.slice(0, length - 1)}…`;
}

function describe(value: unknown): string {
  if (value === undefined) return 'ok';
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return `[${value.map(describe).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const { kind, ...rest } = value as Readonly<Record<string, unknown>>;
  const fields = Object.entries(rest);
  const named = (name: string, field: unknown) => `${name} ${describe(field)}`;
  if (kind !== undefined) {
    const words = fields.map(([name, field]) =>
      Array.isArray(field) ? named(name, field) : describe(field),
    );
    return [kind, ...words].join(' ');
  }
  const isItem = fields.length === 2 && 'key' in rest && 'value' in rest;
  if (isItem) return `${describe(rest.key)}=${describe(rest.value)}`;
  return fields.map(([name, field]) => named(name, field)).join(', ');
}
