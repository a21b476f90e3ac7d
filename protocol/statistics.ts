import { ByteVectorType, ContainerType, VectorCompositeType } from '@chainsafe/ssz';
import type { Accumulator, Window } from './accumulator.ts';
import { type Estimate, QUANTILES, quantileRanks, ratioPpm } from './bounds.ts';
import { keccakTwice } from './bytes.ts';
import { bucketAtRank, bucketLower, bucketUpper, type Histogram, histogramCount, valueAtRank } from './histogram.ts';
import { METRIC, METRIC_COUNT } from './metric.ts';
import type { Parameters } from './parameters.ts';
import { remember } from './remember.ts';
import { ABSENT_MICROS } from './sample.ts';
import { U8, U16, U32, U64, U256 } from './uint.ts';
import { Writer } from './writer.ts';

/** One watcher's view of one closed window: what the leaf's medians and tails are taken over. */
export type WatcherStatistics = {
  readonly watcher: Uint8Array;
  readonly region: number;
  readonly assignedWeight: bigint;
  readonly countedWeight: bigint;
  /** How many watchers the window has: joint bounds hold for all of them at once. */
  readonly watchers: number;
  /** Enough samples, not too many faults of its own and not too many stalls. An invalid watcher counts as absent. */
  readonly valid: boolean;
  /** `stalled` are among good and bad. */
  readonly samples: { good: number; bad: number; unknown: number; fault: number; stalled: number };
  /** By METRIC; 'absent' when it was not measured, 'insufficient' below the smallest n. */
  readonly metrics: readonly (Estimate | 'absent' | 'insufficient')[];
};

/**
 * A watcher of whose good and bad samples a larger part was stalled is invalid. What a stall takes off a latency is a guess
 * in the provider's favour: of a fifth of the samples it may move every quantile from p80 on, of more the median soon as
 * well. The same part as the presets allow for faults of its own.
 */
export const STALLED_PPM_MAX = 200_000;

/** Answers kept of ratios and of ranks, a few hundred bytes each: some thousand counts recur while a window closes. */
export const ANSWERS_MAX = 16_384;

const ratioOf = remember(ratioPpm, ANSWERS_MAX);
const ranksOf = remember(quantileRanks, ANSWERS_MAX);

type Metric = WatcherStatistics['metrics'][number];

/**
 * Quantile of a histogram; bounds take the outer edges of their buckets. Where no sample bounds it for all watchers at once,
 * the joint bound is the open end 0, which breaches no objective.
 */
export function quantile(histogram: Histogram, ppm: number, nMin: number, watchers: number): Metric {
  const n = histogramCount(histogram);
  if (n === 0) return 'absent';
  if (n < nMin) return 'insufficient';
  const ranks = ranksOf(n, ppm, watchers);
  return {
    value: valueAtRank(histogram, ranks.point),
    lower: bucketLower(bucketAtRank(histogram, ranks.lower)),
    upper: bucketUpper(bucketAtRank(histogram, ranks.upper)),
    joint: ranks.joint === 0 ? 0 : bucketLower(bucketAtRank(histogram, ranks.joint)),
  };
}

/** @param watchers of the window, this one included */
export function statisticsOf(accumulator: Accumulator, parameters: Parameters, watchers: number): WatcherStatistics {
  const { good, bad, unknown, fault, stalled, latency, finality, headLag, minRttMicros } = accumulator;
  const ratio = (hits: number, trials: number) => (trials === 0 ? 'absent' : ratioOf(hits, trials, watchers));
  const quantileAt = (histogram: Histogram, i: number) => {
    const { ppm, nMin } = QUANTILES[i]!;
    return quantile(histogram, ppm, nMin, watchers);
  };
  const answered = good + bad;
  const all = answered + unknown + fault;
  const metrics = new Array<Metric>(METRIC_COUNT).fill('absent');
  metrics[METRIC.availabilityPpm] = ratio(good, answered);
  for (let i = 0; i < QUANTILES.length; i++) metrics[METRIC.latencyP50Micros + i] = quantileAt(latency, i);
  metrics[METRIC.finalityP50Micros] = quantileAt(finality, 0);
  metrics[METRIC.finalityP99Micros] = quantileAt(finality, 3);
  metrics[METRIC.headLagBlocks] = quantileAt(headLag, 0);
  metrics[METRIC.throughputPpm] = ratio(accumulator.burstsMet, accumulator.bursts);
  metrics[METRIC.correctnessPpm] = ratio(accumulator.correct, accumulator.checked);
  if (minRttMicros !== ABSENT_MICROS) {
    const value = minRttMicros;
    metrics[METRIC.minRttMicros] = { value, lower: value, upper: value, joint: value };
  }
  return {
    watcher: accumulator.watcher,
    region: accumulator.region,
    assignedWeight: accumulator.assignedWeight,
    countedWeight: accumulator.countedWeight,
    watchers,
    valid:
      answered >= parameters.minSamples &&
      fault * 1_000_000 <= all * parameters.maxFaultPpm &&
      stalled * 1_000_000 <= answered * STALLED_PPM_MAX,
    samples: { good, bad, unknown, fault, stalled },
    metrics,
  };
}

export const MetricSsz = new ContainerType(
  { status: U8, value: U64, lower: U64, upper: U64, joint: U64 },
  { typeName: 'Metric' },
);
/** What a statistics leaf hashes, after a one byte. */
export const ClosedSsz = new ContainerType(
  {
    serviceId: new ByteVectorType(32),
    windowStart: U64,
    windowEpochs: U32,
    watchers: U32,
    watcher: new ByteVectorType(32),
    region: U16,
    assignedWeight: U256,
    countedWeight: U256,
    valid: U8,
    good: U32,
    bad: U32,
    unknown: U32,
    fault: U32,
    stalled: U32,
    metrics: new VectorCompositeType(MetricSsz, METRIC_COUNT),
  },
  { typeName: 'ClosedStatistics' },
);

/** All fields are fixed: the closed byte, key, number of watchers, watcher, region, two weights, valid, five counts, the metrics. */
const writer = new Writer(1 + (32 + 8 + 4) + 4 + 32 + 2 + 2 * 32 + 1 + 5 * 4 + METRIC_COUNT * (1 + 4 * 8));

/**
 * A one byte and ClosedSsz of the statistics, written by hand as accumulator.ts does it; test/protocol/statistics.test.ts
 * holds them equal. Valid until the next call.
 * @throws RangeError for a field that its layout does not hold
 */
export function closedBytes(window: Window, statistics: WatcherStatistics): Uint8Array {
  const { samples, metrics } = statistics;
  writer.restart();
  writer.u8(1); // a one byte tells it from open accumulators
  writer.raw(window.serviceId, 32);
  writer.u64(window.windowStart);
  writer.u32(window.windowEpochs);
  writer.u32(statistics.watchers);
  writer.raw(statistics.watcher, 32);
  writer.u16(statistics.region);
  writer.u256(statistics.assignedWeight);
  writer.u256(statistics.countedWeight);
  writer.u8(statistics.valid ? 1 : 0);
  writer.u32(samples.good);
  writer.u32(samples.bad);
  writer.u32(samples.unknown);
  writer.u32(samples.fault);
  writer.u32(samples.stalled);
  for (let i = 0; i < METRIC_COUNT; i++) writeMetric(metrics[i]!);
  return writer.written();
}

/** Status 0 absent, 1 insufficient, 2 with its numbers. */
function writeMetric(metric: Metric): void {
  const isPresent = typeof metric !== 'string';
  writer.u8(isPresent ? 2 : metric === 'insufficient' ? 1 : 0);
  writer.u64(isPresent ? metric.value : 0);
  writer.u64(isPresent ? metric.lower : 0);
  writer.u64(isPresent ? metric.upper : 0);
  writer.u64(isPresent ? metric.joint : 0);
}

/** Merkle leaf of one watcher's share in a leaf, with all that the leaf takes from it. */
export function statisticsLeaf(window: Window, statistics: WatcherStatistics): Uint8Array {
  return keccakTwice(closedBytes(window, statistics));
}
