import type { Bounds, ServiceRow } from '../model.ts';
import { availability, availabilityValue, grouped, latency, latencyValue, NOTHING, percent } from './format.ts';
import { NAME_COLUMNS_MIN, type ReportEntry } from './state.ts';
import { clip, columnsOf, type Paint, padEnd, type Style, wrap } from './text.ts';

/** Less than this is not worth a mark, however sure it is: 2 %. */
export const SPREAD_PPM_MIN = 20_000;
/** Honest watchers differ by chance too; a mark needs this many times what chance explains. */
export const SPREAD_OVER_CHANCE = 2.5;
/** Below the first a person should look, below the second something is wrong. Only colours depend on these. */
export const AVAILABILITY_GOOD_PPM = 990_000;
export const AVAILABILITY_POOR_PPM = 950_000;

/** Distance between the quartiles of a normal distribution, in standard deviations. */
const QUARTILES_IN_SIGMAS = 1.35;
const INDENT_COLUMNS = 2;
const GAP = '  ';
const MISSING = `   ${NOTHING}`;

type Column = {
  readonly title: string;
  readonly columns: number;
  readonly cell: (row: ServiceRow) => string;
  readonly style?: (row: ServiceRow) => Style | undefined;
};

const NAME: Column = { title: 'service', columns: 0, cell: ({ name }) => name };
const AVAILABILITY: Column = {
  title: 'availability [95 %]',
  columns: 19,
  cell: ({ availabilityPpm }) => (availabilityPpm ? availability(availabilityPpm) : 'too few samples'),
  style: availabilityStyle,
};
const AVAILABILITY_VALUE: Column = {
  ...AVAILABILITY,
  title: 'up',
  columns: 6,
  cell: ({ availabilityPpm }) => (availabilityPpm ? availabilityValue(availabilityPpm) : MISSING),
};
const P50: Column = { title: 'p50 [95 %]', columns: 20, cell: ({ latencyP50Us }) => orNothing(latencyP50Us, latency) };
const P50_VALUE: Column = {
  title: 'p50',
  columns: 7,
  cell: ({ latencyP50Us }) => orNothing(latencyP50Us, latencyValue),
};
const P99: Column = { title: 'p99', columns: 7, cell: ({ latencyP99Us }) => orNothing(latencyP99Us, latencyValue) };
const VALID: Column = {
  title: 'valid',
  columns: 5,
  cell: ({ watchersValid, watchersAssigned }) => `${watchersValid}/${watchersAssigned}`,
  style: ({ watchersValid, watchersAssigned }) => (watchersValid < watchersAssigned ? 'yellow' : undefined),
};
const SAMPLES: Column = {
  title: 'good/bad',
  columns: 8,
  cell: ({ samples }) => `${grouped(samples.good)}/${grouped(samples.bad)}`,
};

/** Widest first; the first that fits is used. */
const LAYOUTS: readonly (readonly Column[])[] = [
  [NAME, AVAILABILITY, P50, P99, VALID, SAMPLES],
  [NAME, AVAILABILITY, P50, P99, VALID],
  [NAME, AVAILABILITY, P50, VALID],
  [NAME, AVAILABILITY, P50_VALUE, VALID],
  [NAME, AVAILABILITY_VALUE, P50_VALUE, VALID],
  [NAME, AVAILABILITY_VALUE, P50_VALUE],
];

/** The services of one report, aligned; what is unusual about one stands beside it, or below where there is no room. */
export function serviceTable(entry: ReportEntry, columns: number, paint: Paint): string[] {
  const layout = layoutFor(entry.nameColumns, columns);
  const lines: string[] = [];
  if (entry.titles) {
    const titles = layout.map((column) => padEnd(column.title, column.columns)).join(GAP);
    lines.push(paint('dim', clip(`${' '.repeat(INDENT_COLUMNS)}${titles}`.trimEnd(), columns)));
  }
  for (const row of entry.services) lines.push(...serviceLines(row, layout, columns, paint));
  return lines;
}

function serviceLines(row: ServiceRow, layout: readonly Column[], columns: number, paint: Paint): string[] {
  const torn = disagree(row);
  let used = INDENT_COLUMNS;
  let line = torn ? `${paint('magenta', '≠')} ` : '  ';
  layout.forEach((column, index) => {
    const gap = index === 0 ? '' : GAP;
    const room = columns - used - gap.length;
    if (room < 1) return;
    const text = clip(clip(column.cell(row), column === layout[0] ? column.columns : room), room);
    const style = column.style?.(row);
    line += gap + (style === undefined ? text : paint(style, text));
    const padding = ' '.repeat(Math.max(0, Math.min(column.columns, room) - columnsOf(text)));
    if (index < layout.length - 1) line += padding;
    used += gap.length + columnsOf(text) + (index < layout.length - 1 ? padding.length : 0);
  });
  const remarks = remarksOf(row, torn);
  if (remarks === '') return [line.trimEnd()];
  const style = torn ? 'magenta' : 'dim';
  if (used + GAP.length + columnsOf(remarks) <= columns) return [`${line}${GAP}${paint(style, remarks)}`];
  const indent = ' '.repeat(2 * INDENT_COLUMNS);
  return [line.trimEnd(), ...wrap(remarks, columns - indent.length).map((text) => `${indent}${paint(style, text)}`)];
}

function remarksOf({ spreadPpm, samples }: ServiceRow, torn: boolean): string {
  const unjudged = [];
  if (samples.unknown > 0) unjudged.push(`${grouped(samples.unknown)} unknown`);
  if (samples.fault > 0) unjudged.push(`${grouped(samples.fault)} watcher fault`);
  const remarks = [];
  if (torn) remarks.push(`watchers disagree: quartiles ${percent(spreadPpm)} % apart`);
  if (unjudged.length > 0) remarks.push(`${unjudged.join(', ')}: not held against the provider`);
  return remarks.join(' · ');
}

/** Whether the watchers' quartiles lie further apart than sampling alone would put them. */
export function disagree({ spreadPpm, samples, watchersValid }: ServiceRow): boolean {
  const judged = samples.good + samples.bad;
  if (watchersValid < 2 || judged === 0) return false;
  // One success and one failure more than seen: a perfect record proves no certainty.
  const share = (samples.good + 1) / (judged + 2);
  const sigma = Math.sqrt((share * (1 - share)) / Math.max(1, judged / watchersValid));
  return spreadPpm > Math.max(SPREAD_PPM_MIN, SPREAD_OVER_CHANCE * QUARTILES_IN_SIGMAS * sigma * 1_000_000);
}

function layoutFor(nameColumns: number, columns: number): readonly Column[] {
  const widthOf = (layout: readonly Column[]) =>
    layout.reduce((sum, column) => sum + column.columns, INDENT_COLUMNS + GAP.length * (layout.length - 1));
  const layout = LAYOUTS.find((one) => widthOf(one) + NAME_COLUMNS_MIN <= columns) ?? LAYOUTS.at(-1)!;
  const room = Math.max(NAME_COLUMNS_MIN, columns - widthOf(layout));
  return layout.map((column) => (column === NAME ? { ...NAME, columns: Math.min(nameColumns, room) } : column));
}

function orNothing(bounds: Bounds | undefined, text: (bounds: Bounds) => string): string {
  return bounds ? text(bounds) : MISSING;
}

function availabilityStyle({ availabilityPpm }: ServiceRow): Style | undefined {
  if (!availabilityPpm) return 'dim';
  if (availabilityPpm.upper < AVAILABILITY_POOR_PPM) return 'red';
  return availabilityPpm.value < AVAILABILITY_GOOD_PPM ? 'yellow' : 'green';
}
