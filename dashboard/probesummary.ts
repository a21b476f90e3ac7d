import { type Bounded, type Estimate, QUANTILES, ratioPpm } from '../protocol/bounds.ts';
import { addToHistogram, bucketOf, INFINITE_BUCKET } from '../protocol/histogram.ts';
import { OUTCOME, type Outcome } from '../protocol/sample.ts';
import { quantile } from '../protocol/statistics.ts';
import type { Phase } from './waterfall.ts';

export const OUTCOME_NAMES = ['good', 'bad', 'unknown', 'watcherFault'] as const;

/** One probe as people see it. */
export type ProbeView = {
  readonly outcome: Outcome;
  readonly reason: string;
  readonly phases: readonly Phase[];
  /** Without resolving; undefined when the answer is not complete. */
  readonly totalMicros: number | undefined;
  /** When a probe that failed ended, resolving included; undefined for one that got its answer. */
  readonly endedMicros?: number | undefined;
  readonly stallMicros: number;
  /** Status or response code; undefined when none came, or the kind has none. */
  readonly code: number | undefined;
  readonly detail: string;
};

/** Of a leaf's quantiles, those that a session by hand reaches: p50, p90, p95, p99. */
const SHOWN = QUANTILES.slice(0, 4);

export type Quantile = {
  readonly name: string;
  readonly nMin: number;
  readonly metric: Bounded | 'absent' | 'insufficient';
};

/** What some probes say together, by the functions that make a watcher's statistics. */
export type ProbeSummary = {
  readonly probes: number;
  readonly outcomes: Readonly<Record<(typeof OUTCOME_NAMES)[number], number>>;
  readonly reasons: Readonly<Record<string, number>>;
  /** Undefined when none was good or bad. */
  readonly availability: Bounded | undefined;
  /** Good and bad ones, of which the quantiles are; a bad one counts as infinitely late. */
  readonly answered: number;
  readonly latency: readonly Quantile[];
  /** Of the good ones, phase by phase; none when none is good. */
  readonly medians: readonly Phase[];
};

export function summaryOf(probes: readonly ProbeView[]): ProbeSummary {
  const count = (outcome: Outcome) => probes.filter((one) => one.outcome === outcome).length;
  const reasons: Record<string, number> = {};
  for (const { reason } of probes) reasons[reason] = (reasons[reason] ?? 0) + 1;
  const [good, bad] = [count(OUTCOME.good), count(OUTCOME.bad)];
  const histogram: number[] = [];
  for (const probe of probes) {
    if (probe.outcome === OUTCOME.good) {
      // As in a leaf: the end of what the true latency can be that favours the provider.
      addToHistogram(histogram, bucketOf(Math.max(0, (probe.totalMicros ?? 0) - probe.stallMicros)));
    } else if (probe.outcome === OUTCOME.bad) addToHistogram(histogram, INFINITE_BUCKET);
  }
  return {
    probes: probes.length,
    outcomes: { good, bad, unknown: count(OUTCOME.unknown), watcherFault: count(OUTCOME.watcherFault) },
    reasons,
    availability: good + bad === 0 ? undefined : boundedOf(ratioPpm(good, good + bad, 1)),
    answered: good + bad,
    latency: SHOWN.map(({ ppm, nMin }) => {
      const metric = quantile(histogram, ppm, nMin, 1);
      return { name: `p${ppm / 10_000}`, nMin, metric: typeof metric === 'string' ? metric : boundedOf(metric) };
    }),
    medians: mediansOf(probes.filter((one) => one.outcome === OUTCOME.good)),
  };
}

/** Of one watcher alone, as whoever probes by hand is. */
function boundedOf({ value, lower, upper }: Estimate): Bounded {
  return { value, lower, upper };
}

/** Of each phase by itself, so that they need not add up to the median of the total. */
function mediansOf(good: readonly ProbeView[]): Phase[] {
  const [first] = good;
  return (first?.phases ?? []).map(({ name }, i) => {
    const micros = good.flatMap((one) => one.phases[i]?.micros ?? []).sort((a, b) => a - b);
    return { name, micros: micros[Math.ceil(micros.length / 2) - 1] };
  });
}
