/** The tables that the command prints and RESULTS.md holds: Markdown, aligned for the terminal. */

import {
  failedRuns,
  failoverSummaries,
  ratioSummaries,
  throughputSummaries,
  verdicts,
} from './summary.mjs';

/** Everything that the rows tell, as Markdown. */
export function report(rows) {
  const ratios = ratioSummaries(rows);
  const sections = [
    section('Throughput and latency', throughputTable(throughputSummaries(rows))),
    section('Quorate over etcd/raft, pass by pass', ratioTable(ratios)),
    section('Failover: SIGKILL to the first command applied', failoverTable(rows)),
    section('Targets', verdictTable(verdicts(rows))),
    section('Failed runs, left out above', failedList(failedRuns(rows))),
  ];
  return sections.filter((text) => text !== undefined).join('\n\n');
}

function throughputTable(summaries) {
  const header = [
    ...['mode', 'in flight', 'system', 'variant', 'runs', 'commits/s', 'p50', 'p99'],
    ...['CPU µs a commit', 'leader MiB'],
  ];
  const lines = summaries.map((row) => [
    row.title,
    String(row.concurrency),
    row.system,
    row.variant,
    String(row.runs),
    span(row.commits_per_s, rounded),
    span(row.p50_us, latency),
    span(row.p99_us, latency),
    span(row.cpu_us, significant),
    rounded(row.leader_rss_mb.median),
  ]);
  return table(header, lines);
}

function ratioTable(summaries) {
  const header = [
    'mode',
    'in flight',
    'against',
    'pairs',
    'commits/s',
    'p50',
    'p99',
    'CPU a commit',
  ];
  const lines = summaries.map((row) => [
    row.title,
    String(row.concurrency),
    row.variant,
    String(row.pairs),
    span(row.commits_per_s, twoDigits),
    span(row.p50_us, twoDigits),
    span(row.p99_us, twoDigits),
    span(row.cpu_us, twoDigits),
  ]);
  return table(header, lines);
}

function failoverTable(rows) {
  const header = ['timeouts', 'system', 'samples', 'smallest', 'p50', 'largest', 'p50 to leading'];
  const lines = failoverSummaries(rows).map(({ profile, system, samples, applied, led }) => [
    profile,
    system,
    String(samples),
    ...[applied.smallest, applied.median, applied.largest, led.median].map(
      (milliseconds) => `${rounded(milliseconds)} ms`,
    ),
  ]);
  return table(header, lines);
}

const FIELD_TITLES = { commits_per_s: 'commits/s', cpu_us: 'CPU a commit', p50_us: 'p50' };

function verdictTable(found) {
  const header = ['what', 'target', 'measured', ''];
  const lines = found.map((target) => [
    target.profile === undefined
      ? `${FIELD_TITLES[target.field]}, ${target.mode}, ${target.concurrency} in flight`
      : `failover p50, ${target.profile} timeouts`,
    'atLeast' in target
      ? `at least ${twoDigits(target.atLeast)} times etcd/raft's`
      : `at most ${twoDigits(target.atMost)} of etcd/raft's`,
    twoDigits(target.ratio),
    target.isMet ? 'met' : 'MISSED',
  ]);
  return table(header, lines);
}

function failedList(failed) {
  if (failed.length === 0) return undefined;
  const lines = failed.map((row) => {
    const where = row.profile ?? `${row.mode}, ${row.concurrency} in flight`;
    return `- ${row.system}, ${row.variant}, ${where}, pass ${row.pass}: ${row.first_error}`;
  });
  return lines.join('\n');
}

const section = (title, body) => (body === undefined ? undefined : `## ${title}\n\n${body}`);

/** Undefined without lines. */
function table(header, lines) {
  if (lines.length === 0) return undefined;
  const widths = header.map((title, i) =>
    Math.max(...[title, ...lines.map((l) => l[i])].map(width)),
  );
  const row = (cells) =>
    `| ${cells.map((cell, i) => cell + ' '.repeat(widths[i] - width(cell))).join(' | ')} |`;
  const rule = `|${widths.map((size) => '-'.repeat(size + 2)).join('|')}|`;
  return [row(header), rule, ...lines.map(row)].join('\n');
}

const width = (text) => text.length;

/** The median, and the range if it says more. */
function span({ median, smallest, largest }, format) {
  const middle = format(median);
  if (format(smallest) === middle && format(largest) === middle) return middle;
  return `${middle} [${format(smallest)}-${format(largest)}]`;
}

const rounded = (value) => Math.round(value).toLocaleString('en-US');
const twoDigits = (value) => value.toFixed(2);

function significant(value) {
  if (value >= 100) return rounded(value);
  return value.toFixed(value >= 10 ? 1 : 2);
}

export function latency(microseconds) {
  if (microseconds < 1000) return `${rounded(microseconds)} µs`;
  return `${significant(microseconds / 1000)} ms`;
}
