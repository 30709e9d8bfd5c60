import {
  describeInput,
  describeOperation,
  describeOutput,
  describeTime,
  escapeHtml,
  shorten,
} from './describe.ts';
import type { Bar, Layout, Row } from './layout.ts';

/** All in pixels. */
const LANE = 34;
const BAR = 24;
const GAP = 14;
const NOTE = 22;
const LEFT = 90;
const TOP = 30;
const LETTER = 6.7;

/** Letters of an answer beside its bar. The page has it whole above. */
const NOTED = 40;

/** What the model would have answered where the blocked operation stands. */
export interface Note {
  readonly expected: string;
}

interface Placing {
  readonly bar: Bar;
  readonly x: number;
  readonly y: number;
  readonly width: number;
}

export function drawTimeline(layout: Layout, note: Note | undefined): string {
  const { rows, times } = layout;
  const step = Math.max(26, Math.min(110, 1000 / Math.max(1, times.length)));
  const right = LEFT + times.length * step;
  const notes = rows.map((row) => noteOf(row, step, note)?.end ?? 0);
  const width = Math.max(right + 30 + LEFT, ...notes);
  let top = TOP;
  const parts: string[] = [];
  for (const row of rows) {
    const height = heightOf(row);
    parts.push(drawRow(row, top, { step, right, width, note }));
    top += height;
  }
  const size = `width="${width.toFixed(0)}" height="${top + 10}" viewBox="0 0 ${width.toFixed(0)} ${top + 10}"`;
  return [
    `<svg ${size} role="img" aria-label="Timeline of the operations, one row for each client">`,
    PATTERN,
    drawTimes(times, step, top),
    ...parts,
    '</svg>',
  ].join('\n');
}

/** Stripes, for those who cannot tell the colours apart. */
const PATTERN =
  '<defs><pattern id="stripes" width="8" height="8" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">' +
  '<rect width="8" height="8" fill="#d55e00"/><rect width="3" height="8" fill="#a84600"/></pattern></defs>';

const heightOf = ({ lanes, bars }: Row): number =>
  GAP + lanes * LANE + (bars.some(({ role }) => role === 'blocked') ? NOTE : 0);

interface Frame {
  readonly step: number;
  readonly right: number;
  readonly width: number;
  readonly note: Note | undefined;
}

function drawRow(row: Row, top: number, { step, right, width, note }: Frame): string {
  const middle = top + GAP / 2 + LANE / 2;
  const bars = row.bars.map((bar) => {
    const x = LEFT + bar.from * step;
    const end = bar.to === undefined ? right + 24 : LEFT + bar.to * step;
    const y = top + GAP / 2 + bar.lane * LANE + (LANE - BAR) / 2;
    return drawBar({ bar, x, y, width: Math.max(8, end - x) });
  });
  const told = noteOf(row, step, note);
  const noteTop = top + GAP / 2 + row.lanes * LANE + 14;
  return [
    `<line class="rule" x1="0" x2="${width.toFixed(0)}" y1="${top}" y2="${top}"/>`,
    ...[8, right + 32].map(
      (x) =>
        `<text class="client" x="${x.toFixed(0)}" y="${middle + 4}">client ${row.client}</text>`,
    ),
    ...bars,
    ...(told === undefined ? [] : [drawNote(told, noteTop)]),
  ].join('\n');
}

function drawBar({ bar, x, y, width }: Placing): string {
  const isOpen = bar.to === undefined;
  const isInWindow = bar.windowPlace !== undefined;
  const classes = `${bar.role}${isInWindow ? ' window' : ''}${isOpen ? ' pending' : ''}`;
  const anchor = isInWindow ? ` id="window-${bar.windowPlace}"` : '';
  const place = bar.place === undefined ? '' : `${bar.place}: `;
  const mark = bar.role === 'blocked' ? '✗ ' : place;
  const label = shorten(mark + describeOperation(bar.operation), Math.floor((width - 8) / LETTER));
  return [
    `<g class="${classes}"${anchor}><title>${escapeHtml(hoverOf(bar))}</title>`,
    `<path d="${outline(x, y, width, isOpen)}"/>`,
    `<text x="${(x + 5).toFixed(1)}" y="${y + 16}">${escapeHtml(label)}</text></g>`,
  ].join('');
}

/** From call to return; what never returned ends in an arrow. */
function outline(x: number, y: number, width: number, isOpen: boolean): string {
  const [left, right, bottom] = [x.toFixed(1), (x + width).toFixed(1), y + BAR];
  if (!isOpen) return `M${left} ${y}H${right}V${bottom}H${left}Z`;
  const neck = (x + width - 10).toFixed(1);
  return `M${left} ${y}H${neck}L${right} ${y + BAR / 2}L${neck} ${bottom}H${left}Z`;
}

interface PlacedNote {
  readonly text: string;
  /** Its right edge: that of the bar, where the page is scrolled to at first. */
  readonly end: number;
}

function noteOf({ bars }: Row, step: number, note: Note | undefined): PlacedNote | undefined {
  const blocked = bars.find(({ role }) => role === 'blocked');
  if (blocked === undefined) return undefined;
  const { operation, to } = blocked;
  const actual = operation.kind === 'completed' ? describeOutput(operation.output) : 'no answer';
  const text = `answered ${shorten(actual, NOTED)}, expected ${shorten(note?.expected ?? '?', NOTED)}`;
  return { text, end: LEFT + Math.max((to ?? 0) * step, text.length * LETTER * 1.1) };
}

const drawNote = ({ text, end }: PlacedNote, y: number): string =>
  `<text class="note" text-anchor="end" x="${end.toFixed(1)}" y="${y}">${escapeHtml(text)}</text>`;

function drawTimes(times: readonly number[], step: number, bottom: number): string {
  let free = 0;
  return times
    .map((time, column) => {
      const x = LEFT + column * step;
      const line = `<line class="moment" x1="${x.toFixed(1)}" x2="${x.toFixed(1)}" y1="${TOP - 6}" y2="${bottom}"/>`;
      const label = describeTime(time);
      if (x < free) return line;
      free = x + label.length * LETTER + 10;
      return `${line}<text class="time" x="${x.toFixed(1)}" y="${TOP - 12}">${label}</text>`;
    })
    .join('');
}

function hoverOf({ operation, place, role, windowPlace }: Bar): string {
  const { client, calledAt, input } = operation;
  const answer =
    operation.kind === 'completed'
      ? `answered ${describeOutput(operation.output)} at ${operation.returnedAt}`
      : 'never answered';
  const standing = {
    placed: `number ${place} of the order that was found`,
    open: 'not needed in the order that was found',
    blocked: 'no order has a place for it',
  }[role];
  const lines = [`client ${client}: ${describeInput(input)}`, `called at ${calledAt}, ${answer}`];
  return [
    ...lines,
    standing,
    ...(windowPlace === undefined ? [] : ['in the smallest failing window']),
  ].join('\n');
}
