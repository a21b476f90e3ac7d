import { INFINITE_MICROS } from '../protocol/histogram.ts';
import { OUTCOME } from '../protocol/sample.ts';
import { OUTCOME_NAMES, type ProbeSummary, type ProbeView, type Quantile } from './probesummary.ts';
import { percent } from './terminal/format.ts';
import { clean, type Paint, type Style } from './terminal/text.ts';
import { formatMicros, renderWaterfall } from './waterfall.ts';

const STYLES: readonly Style[] = [
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
  const total = view.totalMicros === undefined ? '-' : formatMicros(view.totalMicros);
  const isCut = view.totalMicros === undefined && view.endedMicros !== undefined;
  const stall = `, of which this machine may have stalled ${formatMicros(view.stallMicros)}`;
  const outcome = paint(STYLES[view.outcome]!, OUTCOME_NAMES[view.outcome]);
  return [
    [paint('bold', url ?? ''), ...facts].join('  '),
    '',
    ...renderWaterfall(view.phases, columns, paint, view.endedMicros),
    isCut
      ? paint('bold', `${'ended after'.padEnd(CELL_COLUMNS)}${formatMicros(view.endedMicros!).padStart(CELL_COLUMNS)}`)
      : paint('bold', `${'total'.padEnd(CELL_COLUMNS)}${total.padStart(CELL_COLUMNS)}`) +
        paint('dim', `  without resolve${view.stallMicros > 0 ? stall : ''}`),
    '',
    `${outcome}: ${view.reason}. ${explanation}`,
    ...(view.detail === '' ? [] : [paint('dim', `(${clean(view.detail)})`)]),
  ];
}

/** Above the rows of repeated probes. */
export function probeHead(phases: readonly string[], paint: Paint): string {
  return paint('dim', ['#'.padStart(4), ...['total', ...phases].map((name) => name.padStart(CELL_COLUMNS))].join(''));
}

export function probeRow(index: number, view: ProbeView, paint: Paint): string {
  const cell = (micros: number | undefined) =>
    (micros === undefined ? '-' : formatMicros(micros)).padStart(CELL_COLUMNS);
  const said = view.outcome === OUTCOME.good ? OUTCOME_NAMES[0] : `${OUTCOME_NAMES[view.outcome]}: ${view.reason}`;
  const number = String(index + 1).padStart(4);
  const phases = view.phases.map(({ micros }) => cell(micros)).join('');
  const total = view.totalMicros === undefined ? cell(undefined) : paint('bold', cell(view.totalMicros));
  return `${paint('dim', number)}${total}${phases}  ${paint(STYLES[view.outcome]!, said)}`;
}

/** All that repeated probes say together, with bounds, or why they say nothing yet. */
export function probeSummary(summary: ProbeSummary, url: string, columns: number, paint: Paint): string[] {
  const { probes, outcomes, reasons, availability, answered, latency, medians } = summary;
  const counts = OUTCOME_NAMES.map((name) => `${outcomes[name]} ${name}`).join(', ');
  const others = Object.entries(reasons).filter(([name]) => name !== 'ok');
  const line = (name: string, text: string) => `${name.padEnd(LABEL_COLUMNS)}${text}`;
  return [
    '',
    paint('bold', `${probes} ${probes === 1 ? 'probe' : 'probes'} of ${clean(url)}`),
    line('outcomes', counts),
    ...(others.length === 0 ? [] : [line('reasons', others.map(([name, count]) => `${count} ${name}`).join(', '))]),
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
