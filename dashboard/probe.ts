import { INFINITE_MICROS } from '../protocol/histogram.ts';
import { OUTCOME_NAMES, type ProbeSummary, type ProbeView, type Quantile } from './probesummary.ts';
import { percent } from './terminal/format.ts';
import { clean, columnsOf, type Paint, type Style, wrap } from './terminal/text.ts';
import { formatMicros, renderWaterfall } from './waterfall.ts';

/** By outcome. */
export const OUTCOME_STYLES: readonly Style[] = [
  ['green', 'bold'],
  ['red', 'bold'],
  ['yellow', 'bold'],
  ['yellow', 'bold'],
];
const CELL_COLUMNS = 11;
const VALUE_COLUMNS = 12;
const LABEL_COLUMNS = 14;

/**
 * One probe in full: where it went, its phases, the total, and the outcome with its reason.
 * @param heading the URL, and behind it what is known of the answer
 * @param explanation of the reason, one sentence
 */
export function probeScreen(
  heading: readonly [url: string, ...facts: string[]],
  view: ProbeView,
  explanation: string,
  columns: number,
  paint: Paint,
): string[] {
  const [url, ...facts] = heading.map(clean);
  const name = OUTCOME_NAMES[view.outcome];
  return [
    ...headingLines(url ?? '', facts.join('  '), columns, paint),
    '',
    ...renderWaterfall(view.phases, columns, paint, view.endedMicros),
    ...totalLines(view, columns, paint),
    '',
    ...wrap(`${name}: ${view.reason}. ${explanation}`, columns).map((line, i) =>
      i === 0 && line.startsWith(name) ? paint(OUTCOME_STYLES[view.outcome]!, name) + line.slice(name.length) : line,
    ),
    ...(view.detail === '' ? [] : wrap(`(${clean(view.detail)})`, columns).map((line) => paint('dim', line))),
  ];
}

/** Facts stand beside the URL where there is room; it is not broken itself, so that it can be copied. */
function headingLines(url: string, facts: string, columns: number, paint: Paint): string[] {
  if (facts === '') return [paint('bold', url)];
  const isWide = columnsOf(`${url}  ${facts}`) <= columns;
  return isWide ? [`${paint('bold', url)}  ${facts}`] : [paint('bold', url), ...wrap(facts, columns)];
}

function totalLines({ totalMicros, endedMicros, stallMicros }: ProbeView, columns: number, paint: Paint): string[] {
  const line = (name: string, text: string) => paint('bold', name.padEnd(CELL_COLUMNS) + text.padStart(CELL_COLUMNS));
  if (totalMicros === undefined && endedMicros !== undefined) return [line('ended after', formatMicros(endedMicros))];
  const stall = stallMicros > 0 ? `, of which this machine may have stalled ${formatMicros(stallMicros)}` : '';
  const total = line('total', totalMicros === undefined ? '-' : formatMicros(totalMicros));
  return beside(`${total}  `, 2 * CELL_COLUMNS + 2, `without resolve${stall}`, columns, paint, 'dim');
}

/** Text to the right of `left`, which is `width` columns wide, and clear of it on every line. */
function beside(left: string, width: number, text: string, columns: number, paint: Paint, style?: Style): string[] {
  return wrap(text, columns - width).map((line, i) => {
    const shown = style === undefined ? line : paint(style, line);
    return (i === 0 ? left : ' '.repeat(width)) + shown;
  });
}

/** All that repeated probes say together, with bounds, or why they say nothing yet. */
export function probeSummary(summary: ProbeSummary, url: string, columns: number, paint: Paint): string[] {
  const { probes, outcomes, reasons, availability, answered, latency, medians } = summary;
  const counts = OUTCOME_NAMES.map((name) => `${outcomes[name]} ${name}`);
  const others = Object.entries(reasons).filter(([name]) => name !== 'ok');
  const line = (name: string, text: string) => `${name.padEnd(LABEL_COLUMNS)}${text}`;
  const list = (name: string, items: string[]) =>
    items.length === 0 ? [] : beside(name.padEnd(LABEL_COLUMNS), LABEL_COLUMNS, items.join(', '), columns, paint);
  return [
    '',
    paint('bold', `${probes} ${probes === 1 ? 'probe' : 'probes'} of ${clean(url)}`),
    ...list('outcomes', counts),
    ...list(
      'reasons',
      others.map(([name, count]) => `${count} ${name}`),
    ),
    line('', paint('dim', `${'value'.padStart(VALUE_COLUMNS)}  bounds, one-sided 95 % each`)),
    line('availability', ratio(availability, paint)),
    ...latency.map((one) => line(`latency ${one.name}`, quantile(one, answered, paint))),
    ...(medians.length === 0
      ? []
      : ['', paint('dim', 'medians of the good ones'), ...renderWaterfall(medians, columns, paint)]),
  ];
}

function ratio(bounds: ProbeSummary['availability'], paint: Paint): string {
  if (bounds === undefined) return paint('dim', `${'-'.padStart(VALUE_COLUMNS)}  no probe was good or bad`);
  const [value, lower, upper] = [bounds.value, bounds.lower, bounds.upper].map(percent);
  return `${paint('bold', `${value} %`.padStart(VALUE_COLUMNS))}  ${lower} % to ${upper} %`;
}

function quantile({ metric, nMin }: Quantile, count: number, paint: Paint): string {
  if (typeof metric === 'string')
    return paint('dim', `${metric.padStart(VALUE_COLUMNS)}  needs ${nMin} probes, has ${count}`);
  const text = (micros: number) => (micros >= INFINITE_MICROS ? '∞' : formatMicros(micros));
  return `${paint('bold', text(metric.value).padStart(VALUE_COLUMNS))}  ${text(metric.lower)} to ${text(metric.upper)}`;
}
