import type { Bounded } from '../protocol/bounds.ts';
import { toHex } from '../protocol/bytes.ts';
import { INFINITE_MICROS } from '../protocol/histogram.ts';
import { type Leaf, STAT, type Stat } from '../protocol/leaf.ts';
import { kmMaxOf } from '../protocol/locality.ts';
import { METRIC } from '../protocol/metric.ts';
import { ABSENT_MICROS } from '../protocol/sample.ts';
import type { WatcherStatistics } from '../protocol/statistics.ts';
import { type ExplainedService, type Explanation, type Health, type Note, type Sight, seenOf } from './explain.ts';
import { align, printable } from './table.ts';

const HEAD = ['operator', 'seat', 'signed', 'counts', 'good', 'bad', 'unknown', 'fault', 'stalled', 'median', 'within'];
/** A clock that is off by less explains nothing, not even in the quickest preset. */
const CLOCK_SHOWN_MICROS = 50_000;
/** Reasons that a line names; the JSON has all. */
const REASONS_SHOWN = 4;

/** A table for each service, then for each watcher what was not `ok`, and why its word is not taken. */
export function renderExplanation({ epoch, reportHash, view, setId, services }: Explanation): string[] {
  return [
    `epoch ${epoch}: report ${reportHash} of view ${view}, watcher set ${setId}`,
    ...services.flatMap((one) => ['', ...renderService(one)]),
  ];
}

function renderService({ service, sights, leaf }: ExplainedService): string[] {
  const { conclusive } = leaf;
  const valid = sights.filter(({ notValid }) => notValid === undefined).length;
  const share = conclusive ? 'more than half of the stake' : 'half of the stake or less, so it is inconclusive';
  return [
    `service ${toHex(service.id)}  ${printable(service.url)}`,
    ...align([HEAD, ...sights.map(row)]),
    ...sights.flatMap(notes),
    ...leafLine(leaf),
    `  valid in the epoch's own leaf: ${valid} of ${sights.length} watchers with ${share}. Longer windows add epochs up.`,
  ];
}

/** What a contract would read of this epoch alone: half of the stake saw the median or better, and a tail as bad as it is. */
function leafLine({ stats }: Leaf): string[] {
  const say = (metric: number, name: string, text: (value: number) => string): string[] => {
    const stat = stats[metric]!;
    if (stat.status !== STAT.present) return [];
    const bounded = ({ value, lower, upper }: Bounded) => `${text(value)} [${text(lower)}, ${text(upper)}]`;
    return [`${name} median ${bounded(stat.median)}, tail ${bounded(stat.tail)}`];
  };
  const all = [
    ...say(METRIC.availabilityPpm, 'availability', (ppm) => `${(ppm / 10_000).toFixed(1)} %`),
    ...say(METRIC.latencyP50Micros, 'p50', millis),
  ];
  return all.length === 0 ? [] : [`  leaf of this epoch: ${all.join('; ')}`];
}

const millis = (micros: number) => (micros >= INFINITE_MICROS ? 'infinite' : `${(micros / 1_000).toFixed(1)} ms`);

function row(sight: Sight): string[] {
  const { seat, operator, signed, counted, statistics } = sight;
  const samples = statistics?.samples;
  const counts = samples
    ? [samples.good, samples.bad, samples.unknown, samples.fault, samples.stalled].map(String)
    : new Array<string>(5).fill('-');
  const median = statistics && seenOf(statistics, METRIC.latencyP50Micros);
  const within = statistics && withinKm(statistics);
  return [
    printable(operator),
    String(seat),
    signed ? 'yes' : 'no',
    counted ? 'yes' : 'no',
    ...counts,
    median === undefined ? '-' : millis(median),
    within === undefined ? '-' : `${within} km`,
  ];
}

/** How far from the watcher whoever answered it can be at most. */
function withinKm(statistics: WatcherStatistics): number | undefined {
  const rttMicros = seenOf(statistics, METRIC.minRttMicros);
  return rttMicros === undefined ? undefined : kmMaxOf(rttMicros);
}

/** What a watcher saw besides answers and their times, in the words of a line; only what was measured. */
function extras(statistics: WatcherStatistics): string[] {
  const say = (metric: (typeof METRIC)[keyof typeof METRIC], text: (value: number) => string): string[] => {
    const value = seenOf(statistics, metric);
    return value === undefined ? [] : [text(value)];
  };
  const percent = (ppm: number) => `${ppm / 10_000} %`;
  return [
    ...say(METRIC.headLagBlocks, (blocks) => `${blocks} blocks behind`),
    ...say(METRIC.finalityP50Micros, (micros) => `final after ${(micros / 1_000_000).toFixed(1)} s`),
    ...say(METRIC.throughputPpm, (ppm) => `${percent(ppm)} of bursts met`),
    ...say(METRIC.correctnessPpm, (ppm) => `${percent(ppm)} of checks correct`),
  ];
}

function notes({ seat, reasons, notValid, stalls, worstStallMicros, statistics, health, note }: Sight): string[] {
  const odd = reasons.filter(({ reason }) => reason !== 'ok');
  const shown = odd.slice(0, REASONS_SHOWN).map(({ reason, count }) => `${count} ${reason}`);
  if (odd.length > REASONS_SHOWN) shown.push(`${odd.length - REASONS_SHOWN} other reasons`);
  if (stalls > 0) {
    shown.push(`its event loop stood still in ${stalls}, for up to ${(worstStallMicros / 1_000).toFixed(1)} ms`);
  }
  const why = notValid === undefined ? [] : [`not valid: ${notValid}`];
  const all = [
    ...why,
    ...(note ? said(note) : []),
    ...shown,
    ...(health ? ailments(health) : []),
    ...(statistics ? extras(statistics) : []),
  ];
  return all.length === 0 ? [] : [`  seat ${seat}: ${all.join('; ')}`];
}

/** What a watcher that signed nothing left in its own folder. */
function said({ code, clockErrorMicros, reasons }: Note): string[] {
  const total = reasons.reduce((sum, { count }) => sum + count, 0);
  const good = reasons.find(({ reason }) => reason === 'ok')?.count ?? 0;
  return [
    `by its own note, unsigned, it did not sign: ${printable(code)}`,
    `${good} of ${total} of its samples were ok`,
    ...clockOff(clockErrorMicros),
  ];
}

function ailments({ clockErrorMicros, controlsGood, controlsBad }: Health): string[] {
  const asked = controlsGood + controlsBad;
  const controls = controlsBad > 0 ? [`${controlsBad} of ${asked} answers of its controls were missing`] : [];
  return [...controls, ...clockOff(clockErrorMicros)];
}

function clockOff(micros: number): string[] {
  const isShown = micros !== ABSENT_MICROS && micros >= CLOCK_SHOWN_MICROS;
  return isShown ? [`its clock was ${(micros / 1_000).toFixed(0)} ms off`] : [];
}

export function explanationJson({ services, ...rest }: Explanation): object {
  return {
    ...rest,
    services: services.map(({ service, sights, leaf }) => ({
      id: toHex(service.id),
      url: service.url,
      conclusive: leaf.conclusive,
      metrics: namedMetrics((metric) => {
        const stat = leaf.stats[metric]!;
        return stat.status === STAT.present ? stat.median.value : undefined;
      }),
      leaf: named((metric) => statJson(leaf.stats[metric]!)),
      watchers: sights.map(({ statistics, ...sight }) => ({
        ...sight,
        notValid: sight.notValid ?? null,
        health: sight.health ?? null,
        note: sight.note ?? null,
        samples: statistics?.samples ?? null,
        metrics: namedMetrics((metric) => statistics && seenOf(statistics, metric)),
        estimates: statistics ? named((metric) => statistics.metrics[metric]!) : null,
        withinKm: (statistics && withinKm(statistics)) ?? null,
      })),
    })),
  };
}

/** As a leaf publishes it: both values with their bounds, or why there are none. */
function statJson({ status, median, tail }: Stat): object | string {
  if (status === STAT.present) return { median, tail };
  return status === STAT.insufficient ? 'insufficient' : 'absent';
}

type MetricName = keyof typeof METRIC;

function named<T>(of: (metric: (typeof METRIC)[MetricName]) => T): Record<string, T> {
  return Object.fromEntries(
    Object.entries(METRIC).map(([name, metric]) => [name, of(metric as (typeof METRIC)[MetricName])]),
  );
}

/** Every metric by its name, null where there is no value. */
function namedMetrics(of: (metric: (typeof METRIC)[MetricName]) => number | undefined): Record<string, number | null> {
  return named((metric) => of(metric) ?? null);
}
