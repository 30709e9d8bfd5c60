/**
 * What a cluster does when its links become those of a matrix and stay so: does somebody lead, commit,
 * and go on?
 */

import type { Milliseconds, RaftOptions } from '@quorate/core';
import { LinkCluster } from './link-cluster.ts';
import { allOpen, type Links } from './links.ts';

export const ELECTION_MS = 1000;
const HEARTBEAT_MS = 100;
/** A command for each leader at this interval. */
const PROPOSAL_MS = 50;
/** The links change then; before, everybody follows the first leader. */
const CHANGE_AT_MS = 4 * ELECTION_MS;
/** With how much of an election timeout a server lags whose links were cut before the others'. */
const LAG_MS = ELECTION_MS / 2;

/** What the cluster was doing when the links became what they are. */
export type LinkStart =
  /** Starting: nobody has led yet. */
  | { readonly kind: 'cold' }
  /** Following the server at `leader`, all logs alike. */
  | { readonly kind: 'led'; readonly leader: number }
  /** The same, but the server at `laggard` has missed what was committed last. */
  | { readonly kind: 'lagging'; readonly leader: number; readonly laggard: number };

export interface LinkTrial {
  readonly links: Links;
  readonly start: LinkStart;
  readonly options: RaftOptions;
  readonly seed: number;
  /** How long to look, in election timeouts. */
  readonly timeouts: number;
}

export interface LinkOutcome {
  /** Until something new was committed, in election timeouts; Infinity: never. */
  readonly firstCommit: number;
  /** The longest time without a commit after the first, in election timeouts. */
  readonly longestPause: number;
  /** Leaders that committed something, one after another. */
  readonly leaders: number;
  /** The highest term at the end, less that at the beginning. */
  readonly terms: number;
}

export function runLinkTrial({ links, start, options, seed, timeouts }: LinkTrial): LinkOutcome {
  const size = links.rows.length;
  const timing = { heartbeatIntervalMs: HEARTBEAT_MS, electionTimeoutMs: ELECTION_MS, ...options };
  const isCold = start.kind === 'cold';
  const first = isCold ? undefined : start.leader;
  const cluster = new LinkCluster(size, isCold ? links : allOpen(size), timing, seed, first);
  if (!isCold) prepare(cluster, start);
  cluster.links = links;
  return watch(cluster, cluster.now + timeouts * ELECTION_MS);
}

function prepare(cluster: LinkCluster, start: Exclude<LinkStart, { kind: 'cold' }>): void {
  cluster.runUntil(CHANGE_AT_MS);
  if (cluster.leader?.status().id !== start.leader + 1) throw new Error('another server leads');
  if (start.kind === 'led') return;
  cluster.links = withoutServer(cluster.links, start.laggard);
  cluster.propose(start.leader);
  cluster.runUntil(CHANGE_AT_MS + LAG_MS);
}

const withoutServer = (links: Links, gone: number): Links =>
  links.withOpen((from, to) => from !== gone && to !== gone);

function watch(cluster: LinkCluster, end: Milliseconds): LinkOutcome {
  const begun = cluster.now;
  const highestTerm = () => Math.max(...cluster.members.map(({ raft }) => raft.term));
  const committedBefore = Math.max(...cluster.members.map(({ raft }) => raft.commitIndex));
  const termBefore = highestTerm();
  let firstCommit = Infinity;
  let longestPause = 0;
  let committed = committedBefore;
  let committedAt = begun;
  let leaders = 0;
  let lastLeader = 0;
  while (cluster.now < end) {
    for (const [position, { raft }] of cluster.members.entries()) {
      if (raft.isLeader) cluster.propose(position);
    }
    cluster.runUntil(cluster.now + PROPOSAL_MS);
    const { leader } = cluster;
    if (leader === undefined || leader.commitIndex <= committed) continue;
    if (firstCommit === Infinity) firstCommit = cluster.now - begun;
    else longestPause = Math.max(longestPause, cluster.now - committedAt);
    committed = leader.commitIndex;
    committedAt = cluster.now;
    if (leader.term !== lastLeader) leaders++;
    lastLeader = leader.term;
  }
  if (firstCommit !== Infinity) longestPause = Math.max(longestPause, end - committedAt);
  return {
    firstCommit: firstCommit / ELECTION_MS,
    longestPause: longestPause / ELECTION_MS,
    leaders,
    terms: highestTerm() - termBefore,
  };
}
