import type { History } from '../history.ts';
import type { Illegal, Verdict } from '../verdict.ts';
import {
  type AnyOperation,
  describeInput,
  describeOperation,
  describeOutput,
  describeTime,
  escapeHtml,
} from './describe.ts';
import { drawTimeline, type Note } from './drawing.ts';
import { layOut } from './layout.ts';

/**
 * One HTML page that needs nothing else: no network, no script. Shows the smallest failing window and
 * what overlaps it, up to 150 operations; the rest is a folded list. Moments are evenly spaced,
 * so that a microsecond beside an hour can be read; the times are written above, and appear on hover.
 */
export function renderTimeline<Input, Output>(
  history: History<Input, Output>,
  verdict: Verdict<Input, Output>,
): string {
  const layout = layOut(history, verdict);
  const note = verdict.kind === 'illegal' ? noteOf(verdict) : undefined;
  return [
    '<!doctype html>',
    '<html lang="en"><head><meta charset="utf-8">',
    `<title>${escapeHtml(headlineOf(verdict))}</title><style>${STYLE}</style></head><body>`,
    `<h1>${escapeHtml(headlineOf(verdict))}</h1>`,
    verdict.kind === 'illegal' ? explain(verdict, note) : '',
    LEGEND,
    verdict.kind === 'illegal' ? SHOWN : '',
    `<div class="scroll ${verdict.kind}">${drawTimeline(layout, note)}</div>`,
    listOf(layout.folded),
    '</body></html>',
  ].join('\n');
}

function headlineOf(verdict: Verdict<unknown, unknown>): string {
  switch (verdict.kind) {
    case 'linearizable':
      return 'Linearizable';
    case 'illegal':
      return `Not linearizable${inPartition(verdict.partition)}`;
    case 'outOfBudget':
      return `Undecided after ${verdict.steps} steps${inPartition(verdict.partition)}`;
  }
}

const inPartition = (partition: string): string =>
  partition === '' ? '' : ` (partition ${partition})`;

function noteOf({ candidates, blocked }: Illegal<unknown, unknown>): Note | undefined {
  const candidate = candidates.find(({ operation }) => operation === blocked);
  return candidate && { expected: describeOutput(candidate.expected) };
}

function explain(verdict: Illegal<unknown, unknown>, note: Note | undefined): string {
  const { blocked, window, longestPrefix, isMinimal } = verdict;
  const what = `<code>${escapeHtml(describeInput(blocked.input))}</code> of client ${blocked.client}`;
  const answered = `<code>${escapeHtml(describeOutput(blocked.output))}</code>`;
  const expected = `<code>${escapeHtml(note?.expected ?? '?')}</code>`;
  const items = window.map((operation, index) => {
    const who = `client ${operation.client} at ${describeTime(operation.calledAt)}`;
    const what = escapeHtml(describeOperation(operation));
    return `<li><a href="#window-${index + 1}">${who}</a>: <code>${what}</code></li>`;
  });
  const introduction = isMinimal
    ? 'No order explains these answers together, and each of them is needed for that:'
    : 'No order explains these answers together (the budget did not allow to look for fewer):';
  return [
    `<p>${what} answered</p><p>${answered}.</p><p>After the numbered order, which explains everything answered`,
    `before (${count(longestPrefix)}), the model answers</p><p>${expected}.</p>`,
    window.length > 30 ? '' : `<p>${introduction}</p><ol>${items.join('')}</ol>`,
  ].join('\n');
}

const count = ({ length }: readonly unknown[]): string =>
  `${length} operation${length === 1 ? '' : 's'}`;

function listOf(operations: readonly AnyOperation[]): string {
  if (operations.length === 0) return '';
  const rows = [...operations]
    .sort((a, b) => a.calledAt - b.calledAt)
    .map((operation) => {
      const end = operation.kind === 'completed' ? describeTime(operation.returnedAt) : '';
      const text = escapeHtml(describeOperation(operation));
      return `<tr><td>${operation.client}<td>${describeTime(operation.calledAt)}<td>${end}<td>${text}`;
    });
  return [
    `<details><summary>Not in the picture: ${count(operations)}</summary>`,
    '<table><tr><th>client<th>called<th>returned<th>operation',
    ...rows,
    '</table></details>',
  ].join('\n');
}

const SHOWN =
  '<p>Shown is what overlaps them, at evenly spaced moments; the rest is folded below.</p>';

const LEGEND =
  '<p class="legend"><span class="key placed">3:</span> in the order that was found, with its number' +
  '<span class="key window">3:</span> one of the answers that contradict each other' +
  '<span class="key blocked">✗</span> has no place' +
  '<span class="key open"></span> not needed in the order; an arrow was not answered by then</p>';

/** The colours are Okabe and Ito's, which can be told apart with any kind of colour blindness. */
const STYLE = `
body { font: 15px/1.5 system-ui, sans-serif; color: #111; background: #fff; margin: 24px; }
h1 { font-size: 22px; margin: 0 0 8px; }
code, svg text { font-family: ui-monospace, monospace; }
code { font-size: 13px; overflow-wrap: anywhere; }
svg text { font-size: 11px; }
.scroll { overflow-x: auto; border: 1px solid #ccc; }
/* Scrolled to the end at first, where the failure is. */
.scroll.illegal { direction: rtl; }
.scroll svg { direction: ltr; display: block; margin-right: auto; }
.rule { stroke: #ccc; }
.moment { stroke: #eee; }
.time { fill: #555; }
.client { font-weight: bold; }
.note { fill: #a84600; font-weight: bold; }
.placed path { fill: #56b4e9; }
.open path { fill: #fff; stroke: #777; stroke-dasharray: 4 3; }
.blocked path { fill: url(#stripes); }
.blocked text { fill: #fff; font-weight: bold; paint-order: stroke; stroke: #8a3a00; stroke-width: 3px; }
.window path { stroke: #000; stroke-width: 2.5px; }
g:hover path, g:target path { fill-opacity: 0.6; }
g:target path { stroke-width: 5px; }
.legend { font-size: 13px; }
.key { display: inline-block; min-width: 22px; padding: 0 3px; margin: 0 6px 0 18px; text-align: center; }
.key.placed { background: #56b4e9; margin-left: 0; }
.key.window { background: #56b4e9; outline: 2.5px solid #000; }
.key.blocked { background: #d55e00; color: #fff; }
.key.open { border: 1px dashed #777; min-height: 18px; vertical-align: bottom; }
table { font-size: 13px; border-collapse: collapse; }
td, th { text-align: left; padding: 1px 12px 1px 0; vertical-align: top; overflow-wrap: anywhere; }
`;
