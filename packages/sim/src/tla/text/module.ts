/** Reads a module from its first line to the rule that ends it. */

import { readDefinition, readExpression } from './expressions.ts';
import { Reader } from './reader.ts';
import type { Definition, Expression, Module } from './syntax.ts';

/** @throws {UnsupportedError} naming the line, for what this reader does not know. */
export function readModule(text: string): Module {
  const reader = new Reader(text);
  const lists = { extends: [] as string[], constants: [] as string[], variables: [] as string[] };
  const definitions: Definition[] = [];
  const assumptions: Expression[] = [];
  const names = () => reader.list(() => reader.name());
  skipRules(reader);
  reader.demand('MODULE');
  const name = reader.name();
  for (;;) {
    skipRules(reader);
    if (reader.here === undefined) return { name, ...lists, definitions, assumptions };
    if (reader.takes('EXTENDS')) lists.extends.push(...names());
    else if (reader.takes('CONSTANT') || reader.takes('CONSTANTS'))
      lists.constants.push(...names());
    else if (reader.takes('VARIABLE') || reader.takes('VARIABLES'))
      lists.variables.push(...names());
    else if (reader.takes('ASSUME')) assumptions.push(readStatement(reader));
    else if (reader.takes('THEOREM')) readStatement(reader);
    else definitions.push(readDefinition(reader));
  }
}

/** It may have a name. */
function readStatement(reader: Reader): Expression {
  return reader.is('==', 1) ? readDefinition(reader).body : readExpression(reader);
}

function skipRules(reader: Reader): void {
  while (reader.token.kind === 'rule') reader.take();
}
