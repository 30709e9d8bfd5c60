/**
 * Everything that can be done to a simulated cluster, by random runs and by scenarios alike.
 *
 * An action is a value with explicit arguments: it draws nothing, so a list of them can be kept,
 * printed, read back, shortened and done again. What it means, how it is written and what it does
 * stand together in one row of `ACTIONS`; a new one is one more row.
 */

import type { NodeId } from '@quorate/core';
import { CommandSlab } from '@quorate/wire';
import type { Cluster } from '../cluster.ts';
import { type FaultyNetworkOptions, faultyNetwork } from '../network-behaviour.ts';
import { commands, groups, link, server, settings } from './fields.ts';
import {
  type Fields,
  type Phrase,
  printSentence,
  readSentence,
  type Sentence,
  type ValuesOf,
} from './phrase.ts';

/** What came of an action. */
export type Outcome =
  | { readonly kind: 'done' }
  /** The server refused, for this reason. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** There was nobody to do it to: nothing has changed. */
  | { readonly kind: 'pointless'; readonly reason: string };

const DONE: Outcome = { kind: 'done' };

interface ActionRow<Of extends Fields> extends Phrase<Of> {
  readonly perform: (cluster: Cluster, values: ValuesOf<Of>) => Outcome;
}

/** A network that only delays; the settings that an action does not name are these. */
export const QUIET_NETWORK: FaultyNetworkOptions = {
  minDelayMs: 0.2,
  maxDelayMs: 5,
  lossProbability: 0,
  duplicateProbability: 0,
  heldUpProbability: 0,
};

const ACTIONS = {
  crash: action('crash $server', { server }, (cluster, { server: id }) => {
    if (cluster.find(id) === undefined) return down(id);
    cluster.crash(id);
    return DONE;
  }),
  restart: action('restart $server', { server }, (cluster, { server: id }) => {
    if (cluster.find(id) !== undefined) return pointless(`server ${id} runs already`);
    cluster.start(id);
    return DONE;
  }),
  /** Servers talk within their group only; those that no group names are alone. */
  partition: action('partition $groups', { groups }, (cluster, { groups: all }) => {
    cluster.partition(...all);
    return DONE;
  }),
  /** Nothing gets through in this direction any more; what is on its way still arrives. */
  cut: action('cut $link', { link }, (cluster, { link: { from, to } }) => {
    cluster.network.setLink(from, to, false);
    return DONE;
  }),
  mend: action('mend $link', { link }, (cluster, { link: { from, to } }) => {
    cluster.network.setLink(from, to, true);
    return DONE;
  }),
  heal: action('heal', {}, (cluster) => {
    cluster.heal();
    return DONE;
  }),
  network: action(
    'network $settings',
    { settings: settings(QUIET_NETWORK) },
    (cluster, { settings: changed }) => {
      cluster.network.behaviour = faultyNetwork({ ...QUIET_NETWORK, ...changed });
      return DONE;
    },
  ),
  propose: action(
    'propose $server $commands',
    { server, commands },
    (cluster, { server: id, commands: words }) => {
      const running = cluster.find(id);
      if (running === undefined) return down(id);
      const proposed = running.propose(CommandSlab.of(...words.map(encodeText)));
      return proposed.kind === 'refused' ? proposed : DONE;
    },
  ),
} as const;

type Rows = typeof ACTIONS;

export type Action = {
  readonly [Kind in keyof Rows]: { readonly kind: Kind } & ValuesOf<Rows[Kind]['fields']>;
}[keyof Rows];

export type ActionKind = keyof Rows;

/** The phrases that are actions, for a parser that knows more phrases. */
export const ACTION_PHRASES: Readonly<Record<string, Phrase>> = ACTIONS;

/** Does it, at this instant. Draws nothing. */
export function perform(cluster: Cluster, of: Action): Outcome {
  const { perform: run } = ACTIONS[of.kind] as ActionRow<Fields>;
  return run(cluster, of);
}

export const printAction = (of: Action): string => printSentence(ACTION_PHRASES, of as Sentence);

/** @throws {PhraseError} for a line that is no action, saying what would have been right. */
export function parseAction(line: string): Action {
  const words = line.split(' ').filter((word) => word !== '');
  return readSentence(ACTION_PHRASES, words) as Action;
}

export const encodeText = (text: string): Uint8Array => new TextEncoder().encode(text);
export const decodeText = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

function action<Of extends Fields>(
  pattern: string,
  fields: Of,
  run: (cluster: Cluster, values: ValuesOf<Of>) => Outcome,
): ActionRow<Of> {
  return { pattern, fields, perform: run };
}

const pointless = (reason: string): Outcome => ({ kind: 'pointless', reason });

const down = (id: NodeId): Outcome => pointless(`server ${id} is down`);
