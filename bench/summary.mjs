/** From result lines to medians, ratios and verdicts. No input or output here. */

import { MODES, OURS, RIVAL } from './contestants.mjs';

const MODE_TITLES = {
  durable: 'durable, 3 processes',
  memory: 'memory, 3 processes',
  process: 'memory, 1 process',
};

/** The targets: ours over etcd/raft's, in one pass. */
const TARGETS = [
  { mode: 'durable', concurrency: 1, field: 'p50_us', atMost: 0.85 },
  { mode: 'durable', concurrency: 256, field: 'commits_per_s', atLeast: 3 },
  { mode: 'durable', concurrency: 256, field: 'cpu_us', atMost: 1 / 3 },
  { mode: 'durable', concurrency: 4096, field: 'commits_per_s', atLeast: 3 },
  { mode: 'durable', concurrency: 4096, field: 'cpu_us', atMost: 1 / 3 },
];
/** Failover: our median at most etcd/raft's, at the same timeouts. */
const FAILOVER_AT_MOST = 1;

/** Medians of each configuration, in the order in which a reader compares them. */
export function throughputSummaries(rows) {
  const runs = goodRuns(rows);
  return [...groupBy(runs, (run) => [run.mode, run.concurrency, run.system, run.variant].join('|'))]
    .map(([, group]) => ({
      mode: group[0].mode,
      title: MODE_TITLES[group[0].mode],
      concurrency: group[0].concurrency,
      system: group[0].system,
      variant: group[0].variant,
      runs: group.length,
      ...Object.fromEntries(FIELDS.map((field) => [field, spread(group.map((r) => r[field]))])),
    }))
    .sort((a, b) => modeRank(a) - modeRank(b) || a.concurrency - b.concurrency);
}

const FIELDS = ['commits_per_s', 'p50_us', 'p99_us', 'cpu_us', 'leader_rss_mb', 'other_cpu_s'];
const RATIO_FIELDS = ['commits_per_s', 'p50_us', 'p99_us', 'cpu_us', 'leader_rss_mb'];

/**
 * Ours over etcd/raft's, pass by pass: the two of a pass ran one after the other, so a neighbour's
 * load or a slow minute of the disk met both.
 */
export function ratioSummaries(rows) {
  const runs = goodRuns(rows);
  const ours = runs.filter((run) => run.system === OURS);
  const summaries = [
    ...groupBy(ours, (run) => [run.mode, run.concurrency, run.level].join('|')),
  ].map(([, group]) => {
    const { mode, concurrency } = group[0];
    const pairs = group
      .map((run) => [run, runs.find((other) => isRivalOf(run, other))])
      .filter(([, rival]) => rival !== undefined);
    const ratio = (field) => spread(pairs.map(([run, rival]) => run[field] / rival[field]));
    return {
      mode,
      title: MODE_TITLES[mode],
      concurrency,
      pairs: pairs.length,
      variant: pairs[0]?.[1].variant,
      ...Object.fromEntries(RATIO_FIELDS.map((field) => [field, ratio(field)])),
    };
  });
  return summaries
    .filter(({ pairs }) => pairs > 0)
    .sort((a, b) => modeRank(a) - modeRank(b) || a.concurrency - b.concurrency);
}

/** etcd/raft's run of the same configuration in the same pass. */
const isRivalOf = (run, other) =>
  other.system === RIVAL &&
  other.pass === run.pass &&
  other.mode === run.mode &&
  other.level === run.level &&
  other.concurrency === run.concurrency;

export function failoverSummaries(rows) {
  const samples = rows.filter((row) => row.bench === 'election' && row.first_error === undefined);
  return [...groupBy(samples, (row) => `${row.profile}|${row.system}`)].map(([, group]) => ({
    profile: group[0].profile,
    system: group[0].system,
    samples: group.length,
    applied: spread(group.map((row) => row.sample_ms)),
    led: spread(group.map((row) => row.leader_ms)),
  }));
}

/** Each target that was measured, with what was found. */
export function verdicts(rows) {
  const ratios = ratioSummaries(rows);
  const found = TARGETS.flatMap((target) => {
    const ratio = ratios.find(
      ({ mode, concurrency }) => mode === target.mode && concurrency === target.concurrency,
    );
    return ratio === undefined ? [] : [{ ...target, ratio: ratio[target.field].median }];
  });
  const failovers = failoverSummaries(rows);
  for (const ours of failovers.filter(({ system }) => system === OURS)) {
    const rival = failovers.find((row) => row.system === RIVAL && row.profile === ours.profile);
    if (rival === undefined) continue;
    const ratio = ours.applied.median / rival.applied.median;
    found.push({ profile: ours.profile, atMost: FAILOVER_AT_MOST, ratio });
  }
  return found.map((target) => ({
    ...target,
    isMet: 'atLeast' in target ? target.ratio >= target.atLeast : target.ratio <= target.atMost,
  }));
}

export const failedRuns = (rows) => rows.filter((row) => row.first_error !== undefined);

/** CPU of all three nodes for each commit, the load generator included. */
export const cpuMicroseconds = (run) => (run.cpu_s_total / run.commits) * 1e6;

function goodRuns(rows) {
  return rows
    .filter((row) => row.bench === 'throughput' && row.first_error === undefined && row.commits > 0)
    .map((row) => ({ ...row, cpu_us: cpuMicroseconds(row) }));
}

const modeRank = ({ mode }) => MODES.indexOf(mode);

function groupBy(rows, keyOf) {
  const groups = new Map();
  for (const row of rows) {
    const key = keyOf(row);
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  return groups;
}

function spread(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return {
    median: (sorted[Math.floor(middle)] + sorted[Math.ceil(middle)]) / 2,
    smallest: sorted[0],
    largest: sorted.at(-1),
  };
}
