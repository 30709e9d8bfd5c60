/** The kinds of values in the scenario language, and how each is written. */

import type { Membership, NodeId } from '@quorate/core';
import type { TextField } from './phrase.ts';

const WHOLE = /^\d+$/;
const DECIMAL = /^\d+(\.\d+)?(e-\d+)?$/;

export const server: TextField<NodeId> = {
  expected: 'a server, such as 3',
  takes: 'word',
  parse: (text) => (/^[1-9]\d*$/.test(text) ? (Number(text) as NodeId) : undefined),
  print: String,
};

export const number: TextField<number> = {
  expected: 'a number, such as 150 or 0.5',
  takes: 'word',
  parse: (text) => (DECIMAL.test(text) ? Number(text) : undefined),
  print: String,
};

export const count: TextField<number> = {
  expected: 'a whole number, such as 2',
  takes: 'word',
  parse: (text) => (WHOLE.test(text) ? Number(text) : undefined),
  print: String,
};

export interface Link {
  readonly from: NodeId;
  readonly to: NodeId;
}

export const link: TextField<Link> = {
  expected: 'a link from one server to another, such as 1>2',
  takes: 'word',
  parse: (text) => {
    const [from, to, ...more] = text.split('>').map(server.parse);
    return from && to && more.length === 0 ? { from, to } : undefined;
  },
  print: ({ from, to }) => `${from}>${to}`,
};

export const word: TextField<string> = {
  expected: 'a word',
  takes: 'word',
  parse: (text) => (text === '' ? undefined : text),
  print: String,
};

export const servers: TextField<readonly NodeId[]> = {
  expected: 'servers, such as 1 2 3',
  takes: 'rest',
  parse: (text) => listOf(server, text),
  print: (ids) => ids.join(' '),
};

/** One of these words. */
export function oneOf<Word extends string>(...all: readonly Word[]): TextField<Word> {
  return {
    expected: all.map((word) => `"${word}"`).join(', or '),
    takes: 'word',
    parse: (text) => all.find((word) => word === text),
    print: String,
  };
}

/** A server, or none. */
export const vote: TextField<NodeId | 'nobody'> = {
  expected: 'a server, such as 3, or "nobody"',
  takes: 'word',
  parse: (text) => (text === 'nobody' ? text : server.parse(text)),
  print: String,
};

const LONG_RUN = 4;

/** The terms of a log's entries, where `50*3` stands for fifty entries of term 3. */
export const terms: TextField<readonly number[]> = {
  expected: 'terms, such as 1 1 50*2',
  takes: 'rest',
  parse: (text) => {
    const runs = text.split(' ').filter((word) => word !== '');
    if (!runs.every((run) => /^(\d+\*)?\d+$/.test(run))) return undefined;
    return runs.flatMap((run) => {
      const [first, second] = run.split('*').map(Number);
      return second === undefined ? [first!] : new Array<number>(first!).fill(second);
    });
  },
  print: (all) => runsOf(all).join(' '),
};

function runsOf(all: readonly number[]): (string | number)[] {
  const runs: (string | number)[] = [];
  for (let at = 0; at < all.length; ) {
    let end = at + 1;
    while (all[end] === all[at]) end++;
    if (end - at < LONG_RUN) runs.push(...all.slice(at, end));
    else runs.push(`${end - at}*${all[at]}`);
    at = end;
  }
  return runs;
}

/** Groups of servers, which may be empty. */
export const groups: TextField<readonly (readonly NodeId[])[]> = {
  expected: 'groups of servers, such as 1 2 | 3 4 5',
  takes: 'rest',
  parse: (text) => {
    const parsed = text.split('|').map((group) => listOf(server, group));
    return parsed.every((group) => group !== undefined) ? parsed : undefined;
  },
  print: (all) => all.map((ids) => ids.join(' ')).join(' | '),
};

/** Voters, and learners after a plus. */
export const membership: TextField<Membership> = {
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

/** Words, or none: the commands that a state machine was given. */
export const words: TextField<readonly string[]> = {
  expected: 'commands, such as x y',
  takes: 'rest',
  parse: (text) => text.split(' ').filter((word) => word !== ''),
  print: (all) => all.join(' '),
};

/** Clients' commands: at least one word. */
export const commands: TextField<readonly string[]> = {
  ...words,
  parse: (text) => (text === '' ? undefined : text.split(' ')),
};

type Setting = number | boolean | string | Readonly<Record<number, number>>;

/**
 * Some of the settings of `example`, as `name=value`, each of the type it has there. Those that are
 * not named stay as they are.
 */
export function settings<Settings extends object>(example: Settings): TextField<Partial<Settings>> {
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
  if (text === '') return {};
  const pairs = text.split(',').map((pair) => pair.split(':').map(Number));
  return Object.fromEntries(pairs);
}

function printSetting(value: Setting): string {
  if (typeof value !== 'object') return String(value);
  return Object.entries(value)
    .map((pair) => pair.join(':'))
    .join(',');
}

function listOf<Value>(field: TextField<Value>, text: string): Value[] | undefined {
  const words = text.split(' ').filter((word) => word !== '');
  const values = words.map(field.parse).filter((value) => value !== undefined);
  return values.length === words.length ? values : undefined;
}
