/** Which messages, or which trace events, a line of a scenario means. */

import type { Batch, Message, NodeId, TraceEvent } from '@quorate/core';
import { expectEventFacts, expectMessageFacts, isEventKind, isMessageKind } from './facts.ts';
import { server } from './fields.ts';
import type { TextField } from './phrase.ts';

/** Facts that must be as stated: the fields of the message or event by their own names. */
type Facts = Readonly<Record<string, string>>;

/**
 * Messages by link, kind and fields, such as `1>2`, `*>3 appendEntries` or `1>* requestVote term=4`.
 * Besides a message's own fields there are `entries`, the terms of what it carries, and `snapshot`
 * as index@term.
 */
export interface MessageSelector {
  readonly from: NodeId | '*';
  readonly to: NodeId | '*';
  readonly of: Message['kind'] | '*';
  readonly facts: Facts;
}

export const messages: TextField<MessageSelector> = {
  expected: 'messages, such as 1>2, or *>3 appendEntries term=4',
  takes: 'rest',
  parse: (text) => {
    const [path = '', ...more] = text.split(' ');
    const [from, to, ...rest] = path.split('>').map(anyOr);
    if (from === undefined || to === undefined || rest.length > 0) return undefined;
    const isOfKind = more[0] !== undefined && !more[0].includes('=');
    const of = isOfKind ? more[0] : '*';
    if (of !== '*' && !isMessageKind(of!)) return undefined;
    const facts = parseFacts(isOfKind ? more.slice(1) : more);
    if (facts === undefined) return undefined;
    expectMessageFacts(of as Message['kind'] | '*', Object.keys(facts));
    return { from, to, of: of as Message['kind'] | '*', facts };
  },
  print: ({ from, to, of, facts }) =>
    [`${from}>${to}`, ...(of === '*' ? [] : [of]), ...printFacts(facts)].join(' '),
};

export function isSelected(message: Message, selector: MessageSelector): boolean {
  const { from, to, of, facts } = selector;
  if (from !== '*' && from !== message.from) return false;
  if (to !== '*' && to !== message.to) return false;
  if (of !== '*' && of !== message.kind) return false;
  return agrees(factsOf(message), facts);
}

/** What a message says, in words. */
export function printMessage(message: Message): string {
  const { kind: of, from, to } = message;
  return messages.print({ from, to, of, facts: factsOf(message) });
}

function factsOf(message: Message): Facts {
  const { kind: _kind, from: _from, to: _to, ...said } = message;
  const facts: Record<string, string> = {};
  for (const [name, value] of Object.entries(said)) {
    if (typeof value !== 'object') facts[name] = String(value);
  }
  if (message.kind === 'appendEntries') facts.entries = termsOf(message.batches).join();
  if (message.kind === 'installSnapshot') {
    facts.snapshot = `${message.snapshot.index}@${message.snapshot.term}`;
  }
  return facts;
}

/** One term for each entry. */
export const termsOf = (batches: readonly Batch[]): number[] =>
  batches.flatMap(({ term, count }) => new Array<number>(count).fill(term));

/** Trace events by kind and fields, such as `becameLeader node=2 term=3`. */
export interface TraceSelector {
  readonly of: TraceEvent['kind'];
  readonly facts: Facts;
}

export const trace: TextField<TraceSelector> = {
  expected: 'a trace event, such as becameLeader node=2',
  takes: 'rest',
  parse: (text) => {
    const [of = '', ...more] = text.split(' ');
    const facts = parseFacts(more);
    if (!isEventKind(of) || facts === undefined) return undefined;
    expectEventFacts(of, Object.keys(facts));
    return { of, facts };
  },
  print: ({ of, facts }) => [of, ...printFacts(facts)].join(' '),
};

export function isTraced(event: TraceEvent, { of, facts }: TraceSelector): boolean {
  if (event.kind !== of) return false;
  const said = Object.entries(event).map(([name, value]) => [name, String(value)]);
  return agrees(Object.fromEntries(said), facts);
}

const agrees = (said: Facts, expected: Facts): boolean =>
  Object.entries(expected).every(([name, value]) => said[name] === value);

const anyOr = (text: string): NodeId | '*' | undefined => (text === '*' ? '*' : server.parse(text));

function parseFacts(parts: readonly string[]): Facts | undefined {
  const facts: Record<string, string> = {};
  for (const part of parts) {
    const [name, value, ...more] = part.split('=');
    if (!name || value === undefined || more.length > 0) return undefined;
    facts[name] = value;
  }
  return facts;
}

const printFacts = (facts: Facts): string[] =>
  Object.entries(facts).map(([name, value]) => `${name}=${value}`);
