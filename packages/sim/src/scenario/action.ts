/**
 * Everything that can be done to a simulated cluster, by random runs and by scenarios alike.
 *
 * An action is a value with explicit arguments: it draws nothing, so a list of them can be kept,
 * printed, read back, shortened and done again. What it means, how it is written and what it does
 * stand together in one row of `ACTIONS`; a new one is one more row.
 */

import { DEFAULT_RAFT_OPTIONS, type Message, type NodeId } from '@quorate/core';
import type { SessionAsk } from '../clients.ts';
import type { Cluster } from '../cluster.ts';
import { type DiskOptions, unevenDisk } from '../disk-behaviour.ts';
import { type FaultyNetworkOptions, faultyNetwork } from '../network-behaviour.ts';
import type { Server } from '../server.ts';
import {
  commands,
  groups,
  link,
  membership,
  number,
  oneOf,
  server,
  settings,
  word,
} from './fields.ts';
import {
  type Fields,
  type Phrase,
  type PhraseTable,
  printSentence,
  readSentence,
  type Sentence,
  type SentenceField,
  type SentenceOf,
  type ValuesOf,
  wordsOf,
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

/** As a solid-state disk; the settings that an action does not name are these. */
export const QUICK_DISK: DiskOptions = {
  minWriteMs: 0,
  maxWriteMs: 2,
  stallProbability: 0,
  stallMs: 0,
};

/** What an `open` does not name. */
export const USUAL_SESSION = { timeoutMs: 10_000, maxSessions: 100 };

/**
 * What may come again long after. Not what is passed on once, over a connection that numbers its
 * bytes: commands of others, and snapshots.
 */
export const ECHOED = [
  ...(['requestPreVote', 'preVoteReply', 'requestVote', 'requestVoteReply', 'timeoutNow'] as const),
  ...(['appendEntries', 'appendAccepted', 'appendRejected', 'rest', 'restAccepted'] as const),
  ...(['requestReadIndex', 'readIndexReply', 'forwardReply', 'wakeUp'] as const),
] satisfies readonly Message['kind'][];

const atLeastOne = (count: number): number => Math.max(1, Math.floor(count));

const ACTIONS = {
  crash: action('crash $server', { server }, (cluster, { server: id }) => {
    if (cluster.find(id) === undefined) return down(id);
    cluster.crash(id);
    return DONE;
  }),
  restart: action('restart $server', { server }, (cluster, { server: id }) => {
    if (cluster.find(id) !== undefined) return pointless(`server ${id} runs already`);
    return cluster.start(id) === undefined ? { kind: 'refused', reason: 'rot' } : DONE;
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
  /** Nothing moves in this direction: what is sent waits until the link is mended, or lost if it is cut. */
  clog: action('clog $link', { link }, (cluster, { link: { from, to } }) => {
    if (!cluster.network.isConnected(from, to)) return pointless(`${from}>${to} is cut`);
    cluster.network.clog(from, to);
    return DONE;
  }),
  /** One message gets through in this direction, though the link is cut. */
  leak: action('leak $link', { link }, (cluster, { link: { from, to } }) => {
    if (cluster.network.isConnected(from, to)) return pointless(`${from}>${to} is not cut`);
    cluster.network.leak(from, to);
    return DONE;
  }),
  /** The next message of this kind to this server comes once more, so many milliseconds later. */
  echo: action(
    'echo $server $message $milliseconds',
    { server, message: oneOf(...ECHOED), milliseconds: number },
    (cluster, { server: to, message, milliseconds }) => {
      cluster.network.echo(message, to, milliseconds);
      return DONE;
    },
  ),
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
  /** Nothing gets into the process, until it thaws; its disk and its clock go on. */
  freeze: action('freeze $server', { server }, (cluster, { server: id }) =>
    withRunning(cluster, id, (running) => running.freeze()),
  ),
  /** What has happened meanwhile comes all at once. */
  thaw: action('thaw $server', { server }, (cluster, { server: id }) =>
    withRunning(cluster, id, (running) => running.thaw()),
  ),
  /** From now on its clock runs at this rate, and it skips some time now. */
  clock: action(
    'clock $server $settings',
    { server, settings: settings({ rate: 1, jumpMs: 0 }) },
    (cluster, { server: id, settings: { rate = 1, jumpMs = 0 } }) => {
      cluster.setClock(id, rate, jumpMs);
      return DONE;
    },
  ),
  /** A leader's clock skips some time: a lease may end sooner by that, and lasts no longer. */
  skip: action(
    'skip $server $milliseconds',
    { server, milliseconds: number },
    (cluster, { server: id, milliseconds }) => {
      if (cluster.find(id)?.status().role !== 'leader') return pointless(`${id} does not lead`);
      cluster.setClock(id, 1, milliseconds);
      return DONE;
    },
  ),
  /** How long its writes take from now on. */
  disk: action(
    'disk $server $settings',
    { server, settings: settings(QUICK_DISK) },
    (cluster, { server: id, settings: changed }) => {
      cluster.disk(id).writeDuration = unevenDisk({ ...QUICK_DISK, ...changed });
      return DONE;
    },
  ),
  /** For so many milliseconds nothing becomes durable. */
  stall: action(
    'stall $server $milliseconds',
    { server, milliseconds: number },
    (cluster, { server: id, milliseconds }) => {
      cluster.disk(id).stall(milliseconds);
      return DONE;
    },
  ),
  /** Its next write, or the next sync, fails; the server must end then. */
  fail: action(
    'fail $server $what',
    { server, what: oneOf('write', 'sync') },
    (cluster, { server: id, what }) => {
      cluster.disk(id).failNext(what);
      return DONE;
    },
  ),
  /** A bit turns in what it has stored: in which record, and where in that, two numbers from 0 to 1 say. */
  rot: action(
    'rot $server $record $bit',
    { server, record: number, bit: number },
    (cluster, { server: id, record, bit }) =>
      cluster.disk(id).flipBit(record, bit) ? DONE : pointless('nothing there can rot'),
  ),
  /** Its disk can be read and written again, as it was. */
  repair: action('repair $server', { server }, (cluster, { server: id }) => {
    cluster.disk(id).repair();
    return DONE;
  }),
  /** A new server with an empty disk; to take part it must be made a member. */
  add: action('add $server', { server }, (cluster, { server: id }) => {
    if (cluster.ids.includes(id)) return pointless(`there is a server ${id} already`);
    cluster.add(id);
    return DONE;
  }),
  /** From its next start on. */
  options: action(
    'options $server $settings',
    { server, settings: settings(DEFAULT_RAFT_OPTIONS) },
    (cluster, { server: id, settings: changed }) => {
      cluster.setOptions(id, { ...cluster.optionsOf(id), ...changed });
      return DONE;
    },
  ),
  /** Asks this server, which should lead, for another membership. */
  membership: action('membership $server $target', { server, target: membership }, (cluster, of) =>
    asked(cluster, of.server, (running) => running.changeMembership(of.target)),
  ),
  /** The same, and newcomers get their vote when they have caught up. */
  grow: action('grow $server $target', { server, target: membership }, (cluster, of) =>
    asked(cluster, of.server, (running) => running.changeMembership(of.target, 'when-caught-up')),
  ),
  /** Asks this server, which should lead, to hand over to whoever is best placed. */
  abdicate: action('abdicate $server', { server }, (cluster, of) =>
    asked(cluster, of.server, (running) => running.transferLeadership(undefined)),
  ),
  /** Asks the first server, which should lead, to hand over to the second. */
  transfer: action('transfer $server $to', { server, to: server }, (cluster, of) =>
    asked(cluster, of.server, (running) => running.transferLeadership(of.to)),
  ),
  snapshot: action('snapshot $server', { server }, (cluster, { server: id }) =>
    withRunning(cluster, id, (running) =>
      running.whenAwake(() => running.service.takeSnapshot?.()),
    ),
  ),
  propose: action('propose $server $commands', { server, commands }, (cluster, of) =>
    asked(cluster, of.server, (running) => cluster.clients.propose(running, of.commands)),
  ),
  /** Commands for whoever leads, by way of this server. */
  forward: action('forward $server $commands', { server, commands }, (cluster, of) =>
    asked(cluster, of.server, (running) => cluster.clients.forward(running, of.commands)),
  ),
  /** A linearizable read, wherever the server. */
  read: action('read $server $key', { server, key: word }, (cluster, of) =>
    asked(cluster, of.server, (running) => cluster.clients.read(running, of.key)),
  ),
  /** A read of what this server knows, perhaps of long ago. */
  peek: action('peek $server $key', { server, key: word }, (cluster, of) =>
    asked(cluster, of.server, (running) => cluster.clients.peek(running, of.key)),
  ),
  /** A client wants a session, and calls it by this name from now on. */
  open: action(
    'open $server $name $settings',
    { server, name: word, settings: settings(USUAL_SESSION) },
    (cluster, { server: id, name, settings: changed }) => {
      const { timeoutMs, maxSessions } = { ...USUAL_SESSION, ...changed };
      return inSession(cluster, id, {
        kind: 'open',
        name,
        timeoutMs: atLeastOne(timeoutMs),
        maxSessions: atLeastOne(maxSessions),
      });
    },
  ),
  /** Commands under the session's next serial numbers. */
  ask: action('ask $server $name $commands', { server, name: word, commands }, (cluster, of) =>
    inSession(cluster, of.server, { kind: 'ask', name: of.name, commands: of.commands }),
  ),
  /** Whatever of the session was not answered is asked for again, under the same numbers. */
  again: action('again $server $name', { server, name: word }, (cluster, of) =>
    inSession(cluster, of.server, { kind: 'again', name: of.name }),
  ),
  /** It waits no longer for what was not answered, and says so with whatever it asks for next. */
  forgo: action('forgo $server $name', { server, name: word }, (cluster, of) =>
    inSession(cluster, of.server, { kind: 'forgo', name: of.name }),
  ),
  renew: action('renew $server $name', { server, name: word }, (cluster, of) =>
    inSession(cluster, of.server, { kind: 'renew', name: of.name }),
  ),
  close: action('close $server $name', { server, name: word }, (cluster, of) =>
    inSession(cluster, of.server, { kind: 'close', name: of.name }),
  ),
  /** So much replicated time passes: by as much as the shortest session allows. */
  tick: action(
    'tick $server $milliseconds',
    { server, milliseconds: number },
    (cluster, { server: id, milliseconds }) =>
      inSession(cluster, id, { kind: 'tick', milliseconds: Math.floor(milliseconds) }),
  ),
} as const;

export type Action = SentenceOf<typeof ACTIONS>;

/** The phrases that are actions, for a parser that knows more phrases. */
export const ACTION_PHRASES: PhraseTable = ACTIONS;

export const anyAction = (): SentenceField<Action> => ({
  takes: 'sentence',
  table: () => ACTION_PHRASES,
  as: (sentence) => sentence as Action,
});

/** Does it, at this instant. Draws nothing. */
export function perform(cluster: Cluster, of: Action): Outcome {
  const { perform: run } = ACTIONS[of.kind] as ActionRow<Fields>;
  return run(cluster, of);
}

export const printAction = (of: Action): string => printSentence(ACTION_PHRASES, of as Sentence);

/** @throws {PhraseError} for a line that is no action, saying what would have been right. */
export const parseAction = (line: string): Action =>
  readSentence(ACTION_PHRASES, wordsOf(line)) as Action;

export const encodeText = (text: string): Uint8Array => new TextEncoder().encode(text);
export const decodeText = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

function action<Of extends Fields>(
  pattern: string,
  fields: Of,
  run: (cluster: Cluster, values: ValuesOf<Of>) => Outcome,
): ActionRow<Of> {
  return { pattern, fields, perform: run };
}

/** Asks a running server for something; a frozen one hears of it when it thaws. */
function asked(
  cluster: Cluster,
  id: NodeId,
  ask: (running: Server) => { readonly kind: string; readonly reason?: string },
): Outcome {
  const running = cluster.find(id);
  if (running === undefined) return down(id);
  let outcome: Outcome = DONE;
  running.whenAwake(() => {
    const { kind, reason } = ask(running);
    if (reason !== undefined) outcome = { kind: kind === 'refused' ? kind : 'pointless', reason };
  });
  return outcome;
}

const inSession = (cluster: Cluster, id: NodeId, ask: SessionAsk): Outcome =>
  asked(cluster, id, (running) => cluster.clients.inSession(running, ask));

function withRunning(cluster: Cluster, id: NodeId, act: (running: Server) => void): Outcome {
  const running = cluster.find(id);
  if (running === undefined) return down(id);
  act(running);
  return DONE;
}

const pointless = (reason: string): Outcome => ({ kind: 'pointless', reason });

const down = (id: NodeId): Outcome => pointless(`server ${id} is down`);
