/** The kinds of values in the scenario language, and how each is written. */

import type { Membership, NodeId } from '@quorate/core';
import type { Field } from './phrase.ts';

const WHOLE = /^\d+$/;
const DECIMAL = /^\d+(\.\d+)?(e-\d+)?$/;

export const server: Field<NodeId> = {
  expected: 'a server, such as 3',
  takes: 'word',
  parse: (text) => (/^[1-9]\d*$/.test(text) ? (Number(text) as NodeId) : undefined),
  print: String,
};

export const number: Field<number> = {
  expected: 'a number, such as 150 or 0.5',
  takes: 'word',
  parse: (text) => (DECIMAL.test(text) ? Number(text) : undefined),
  print: String,
};

export const count: Field<number> = {
  expected: 'a whole number, such as 2',
  takes: 'word',
  parse: (text) => (WHOLE.test(text) ? Number(text) : undefined),
  print: String,
};

export interface Link {
  readonly from: NodeId;
  readonly to: NodeId;
}

export const link: Field<Link> = {
  expected: 'a link from one server to another, such as 1>2',
  takes: 'word',
  parse: (text) => {
    const [from, to, ...more] = text.split('>').map(server.parse);
    return from && to && more.length === 0 ? { from, to } : undefined;
  },
  print: ({ from, to }) => `${from}>${to}`,
};

export const word: Field<string> = {
  expected: 'a word',
  takes: 'word',
  parse: (text) => (text === '' ? undefined : text),
  print: String,
};

/** One word of several. */
export const oneOf = <Word extends string>(...words: readonly Word[]): Field<Word> => ({
  expected: words.map((one) => `"${one}"`).join(' or '),
  takes: 'word',
  parse: (text) => words.find((one) => one === text),
  print: String,
});

export const servers: Field<readonly NodeId[]> = {
  expected: 'servers, such as 1 2 3',
  takes: 'rest',
  parse: (text) => listOf(server, text),
  print: (ids) => ids.join(' '),
};

/** Groups of servers, which may be empty. */
export const groups: Field<readonly (readonly NodeId[])[]> = {
  expected: 'groups of servers, such as 1 2 | 3 4 5',
  takes: 'rest',
  parse: (text) => {
    const parsed = text.split('|').map((group) => listOf(server, group));
    return parsed.every((group) => group !== undefined) ? parsed : undefined;
  },
  print: (all) => all.map((ids) => ids.join(' ')).join(' | '),
};

/** Voters, and learners after a plus. */
export const membership: Field<Membership> = {
  expected: 'voters and learners, such as 1 2 3 + 4',
  takes: 'rest',
  parse: (text) => {
    const [voters, learners, ...more] = text.split('+').map((list) => listOf(server, list));
    if (voters === undefined || more.length > 0) return undefined;
    return { voters, learners: learners ?? [] };
  },
  print: ({ voters, learners }) =>
    learners.length === 0 ? voters.join(' ') : `${voters.join(' ')} + ${learners.join(' ')}`,
};

/** Clients' commands: words. */
export const commands: Field<readonly string[]> = {
  expected: 'commands, such as x y',
  takes: 'rest',
  parse: (text) => (text === '' ? undefined : text.split(' ')),
  print: (words) => words.join(' '),
};

type Setting = number | boolean | string | Readonly<Record<number, number>>;

/**
 * Some of the settings of `example`, as `name=value`, each of the type it has there. Those that are
 * not named stay as they are.
 */
export function settings<Settings extends object>(example: Settings): Field<Partial<Settings>> {
  const types = example as Readonly<Record<string, Setting>>;
  return {
    expected: `settings, such as ${Object.entries(types)[0]?.join('=')}`,
    takes: 'rest',
    parse: (text) => {
      const parsed: Record<string, Setting> = {};
      for (const word of text.split(' ').filter((part) => part !== '')) {
        const [name = '', value = '', ...more] = word.split('=');
        const type = Object.hasOwn(types, name) ? types[name] : undefined;
        const setting = type === undefined ? undefined : parseSetting(type, value);
        if (setting === undefined || more.length > 0) return undefined;
        parsed[name] = setting;
      }
      return parsed as Partial<Settings>;
    },
    print: (values) =>
      Object.entries(values)
        .map(([name, value]) => `${name}=${printSetting(value as Setting)}`)
        .join(' '),
  };
}

function parseSetting(like: Setting, text: string): Setting | undefined {
  if (typeof like === 'string') return text;
  if (typeof like === 'number') return number.parse(text);
  if (typeof like === 'boolean') {
    return text === 'true' || text === 'false' ? text === 'true' : undefined;
  }
  const pairs = text.split(',').map((pair) => pair.split(':').map(Number));
  return Object.fromEntries(pairs);
}

function printSetting(value: Setting): string {
  if (typeof value !== 'object') return String(value);
  return Object.entries(value)
    .map((pair) => pair.join(':'))
    .join(',');
}

function listOf<Value>(field: Field<Value>, text: string): Value[] | undefined {
  const words = text.split(' ').filter((word) => word !== '');
  const values = words.map(field.parse).filter((value) => value !== undefined);
  return values.length === words.length ? values : undefined;
}
