/** Reads a .cfg file of TLC, as far as a trace needs it. */

import { Reader } from './reader.ts';
import type { Expression } from './syntax.ts';

export interface Config {
  /** The formula that says where it begins and how it goes on. */
  readonly specification: string;
  /** What tells states apart; all variables without it. */
  readonly view: string | undefined;
  readonly invariants: readonly string[];
  /** Temporal formulas. */
  readonly properties: readonly string[];
  /** `Name = value`. */
  readonly constants: ReadonlyMap<string, Expression>;
  /** `Name <- Other`: what is meant wherever the name stands. */
  readonly replacements: ReadonlyMap<string, string>;
}

/** @throws {UnsupportedError} naming the line. */
export function readConfig(text: string): Config {
  const reader = new Reader(text);
  const config = {
    invariants: [] as string[],
    properties: [] as string[],
    constants: new Map<string, Expression>(),
    replacements: new Map<string, string>(),
  };
  let specification: string | undefined;
  let view: string | undefined;
  while (reader.here !== undefined) {
    const { text: section } = reader.take();
    switch (section) {
      case 'SPECIFICATION':
        specification = reader.name();
        break;
      case 'VIEW':
        view = reader.name();
        break;
      case 'INVARIANT':
      case 'INVARIANTS':
        config.invariants.push(...names(reader));
        break;
      case 'PROPERTY':
      case 'PROPERTIES':
        config.properties.push(...names(reader));
        break;
      case 'CONSTANT':
      case 'CONSTANTS':
        readConstants(reader, config);
        break;
      case 'CHECK_DEADLOCK':
        reader.demand('FALSE');
        break;
      default:
        reader.fail(`a section other than ${section}`);
    }
  }
  return { ...config, view, specification: specification ?? reader.fail('SPECIFICATION') };
}

const SECTIONS = new Set([
  ...['SPECIFICATION', 'VIEW', 'INVARIANT', 'INVARIANTS', 'PROPERTY', 'PROPERTIES'],
  ...['CONSTANT', 'CONSTANTS', 'CHECK_DEADLOCK'],
]);

const isName = (reader: Reader) => reader.isName && !SECTIONS.has(reader.token.text);

function names(reader: Reader): string[] {
  const found: string[] = [];
  while (isName(reader)) found.push(reader.name());
  return found;
}

function readConstants(
  reader: Reader,
  {
    constants,
    replacements,
  }: { constants: Map<string, Expression>; replacements: Map<string, string> },
): void {
  while (isName(reader)) {
    const name = reader.name();
    if (reader.takes('<-')) {
      replacements.set(name, reader.name());
      continue;
    }
    reader.demand('=');
    const { kind, text } = reader.take();
    if (kind === 'string') constants.set(name, { kind: 'constant', value: text });
    else if (kind === 'number') constants.set(name, { kind: 'constant', value: Number(text) });
    else reader.fail('a string or a number');
  }
}
