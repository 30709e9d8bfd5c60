/** Every matrix of links, from every start: who is served, how soon, and who cannot be. */

import type { RaftOptions } from '@quorate/core';
import { type LinkOutcome, type LinkStart, runLinkTrial } from './link-trial.ts';
import { type Links, oneWayLinks, symmetricLinks } from './links.ts';

/** Election timeouts within which something new is committed where it can be. */
export const FIRST_COMMIT_WITHIN = 5;
/** Election timeouts after which a pause in committing is a failure. */
export const PAUSE_WITHIN = 1;
/** How long each is watched, in election timeouts. */
const WATCHED = 20;

export interface MatrixTable {
  readonly title: string;
  readonly matrices: readonly Links[];
  readonly starts: readonly LinkStart[];
  readonly options: RaftOptions;
}

export interface MatrixReport {
  readonly title: string;
  readonly matrices: number;
  readonly trials: number;
  /** A server whose log is not behind can talk both ways with a quorum: it must lead, or another. */
  readonly mustServe: number;
  /** Nobody can, or only a server whose log is behind those of the voters (§5.4.1). */
  readonly cannotServe: number;
  /** Of those that must be served: not within the bounds. */
  readonly failures: readonly LinkFailure[];
  /** Of those that must and were: the worst. Election timeouts, and numbers of leaders and terms. */
  readonly worst: LinkOutcome;
  /** Of those that cannot: served all the same. */
  readonly surprises: number;
}

export interface LinkFailure {
  readonly links: string;
  readonly start: LinkStart;
  readonly outcome: LinkOutcome;
}

const PLAIN: RaftOptions = { preVote: false, checkQuorum: false };

export function matrixTables(): readonly MatrixTable[] {
  const three = { matrices: symmetricLinks(3), starts: [...coldAndLed(3), ...lagging(3)] };
  const oneWay = { matrices: oneWayLinks(3), starts: coldAndLed(3) };
  const five = { matrices: symmetricLinks(5), starts: [...coldAndLed(5), ...lagging(5)] };
  return [
    { title: '3 servers, both ways', ...three, options: {} },
    { title: '3 servers, each way by itself', ...oneWay, options: {} },
    { title: '5 servers, both ways', ...five, options: {} },
    { title: '3 servers, both ways, plain Raft', ...three, options: PLAIN },
    { title: '3 servers, each way by itself, plain Raft', ...oneWay, options: PLAIN },
  ];
}

const positionsOf = (size: number): number[] => Array.from({ length: size }, (_, at) => at);

const coldAndLed = (size: number): LinkStart[] => [
  { kind: 'cold' },
  ...positionsOf(size).map((leader) => ({ kind: 'led', leader }) as const),
];

/** Each server once behind, under the next one's lead. */
const lagging = (size: number): LinkStart[] =>
  positionsOf(size).map((laggard) => ({ kind: 'lagging', laggard, leader: (laggard + 1) % size }));

export function runMatrices(table: MatrixTable, onMatrix: () => void = () => {}): MatrixReport {
  const { title, matrices, starts, options } = table;
  const failures: LinkFailure[] = [];
  let worst: LinkOutcome = { firstCommit: 0, longestPause: 0, leaders: 0, terms: 0 };
  let mustServe = 0;
  let surprises = 0;
  for (const [number, links] of matrices.entries()) {
    for (const start of starts) {
      const trial = { links, start, options, seed: number + 1, timeouts: WATCHED };
      const outcome = runLinkTrial(trial);
      if (!canServe(links, start)) {
        if (outcome.firstCommit !== Infinity) surprises++;
        continue;
      }
      mustServe++;
      if (isServed(outcome)) worst = worse(worst, outcome);
      else failures.push({ links: `${links}`, start, outcome });
    }
    onMatrix();
  }
  const trials = matrices.length * starts.length;
  const cannotServe = trials - mustServe;
  return {
    title,
    matrices: matrices.length,
    trials,
    mustServe,
    cannotServe,
    failures,
    worst,
    surprises,
  };
}

/** A server that is behind catches up as long as it can talk with the old leader, which still leads. */
function canServe(links: Links, start: LinkStart): boolean {
  return links.hubs.some(
    (hub) => start.kind !== 'lagging' || hub !== start.laggard || links.isTwoWay(hub, start.leader),
  );
}

const isServed = ({ firstCommit, longestPause }: LinkOutcome): boolean =>
  firstCommit <= FIRST_COMMIT_WITHIN && longestPause <= PAUSE_WITHIN;

const worse = (one: LinkOutcome, other: LinkOutcome): LinkOutcome => ({
  firstCommit: Math.max(one.firstCommit, other.firstCommit),
  longestPause: Math.max(one.longestPause, other.longestPause),
  leaders: Math.max(one.leaders, other.leaders),
  terms: Math.max(one.terms, other.terms),
});
