import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Accumulator,
  addSample,
  emptyAccumulator,
  STALLED_MICROS_MIN,
  type Window,
} from '../../protocol/accumulator.ts';
import { concat, keccak } from '../../protocol/bytes.ts';
import { addToHistogram, bucketOf, INFINITE_BUCKET, INFINITE_MICROS } from '../../protocol/histogram.ts';
import { METRIC, METRIC_COUNT } from '../../protocol/metric.ts';
import { emptySample, OUTCOME, type Sample } from '../../protocol/sample.ts';
import {
  ClosedSsz,
  closedBytes,
  quantile,
  STALLED_PPM_MAX,
  statisticsLeaf,
  statisticsOf as statisticsOfAll,
  type WatcherStatistics,
} from '../../protocol/statistics.ts';
import { drawn, SMALL_PARAMETERS } from '../../scripts/vectors/world.ts';

const PARAMETERS = { ...SMALL_PARAMETERS, minSamples: 12, maxFaultPpm: 200_000 };

const statisticsOf = (accumulator: Accumulator, watchers = 13) => statisticsOfAll(accumulator, PARAMETERS, watchers);

function accumulatorOf(samples: readonly Partial<Sample>[]): Accumulator {
  const accumulator = emptyAccumulator(drawn('watcher'), 0);
  for (const over of samples) {
    addSample(accumulator, { ...emptySample(0, 0, OUTCOME.good, 0), totalMicros: 1_000, ...over });
  }
  return accumulator;
}

const times = (count: number, sample: Partial<Sample>) => new Array<Partial<Sample>>(count).fill(sample);
const good = { outcome: OUTCOME.good };
const bad = { outcome: OUTCOME.bad };
const fault = { outcome: OUTCOME.watcherFault };
const unknown = { outcome: OUTCOME.unknown };

/** Whatever the rank: less than half of ten off, where a bucket is 16 wide. */
const NEARLY_1000 = expect.closeTo(1_000, -1);

describe('the statistics of a watcher', () => {
  it('need the smallest number of answered samples; unknown ones and faults are none', () => {
    const valid = (samples: readonly Partial<Sample>[]) => statisticsOf(accumulatorOf(samples)).valid;
    expect(valid(times(12, good))).toBe(true);
    expect(valid([...times(11, good), ...times(1, bad)])).toBe(true);
    expect(valid([...times(11, good), ...times(100, unknown)])).toBe(false);
    expect(valid([...times(11, good), fault])).toBe(false);
  });

  it('are invalid above the largest share of own faults, and valid at it', () => {
    const valid = (faults: number) => statisticsOf(accumulatorOf([...times(80, good), ...times(faults, fault)])).valid;
    expect(valid(20)).toBe(true);
    expect(valid(21)).toBe(false);
  });

  it('are invalid above the largest share of stalled samples, and valid at it; unknown ones and faults do not dilute it', () => {
    const stallMicros = STALLED_MICROS_MIN;
    const atMost = STALLED_PPM_MAX / 10_000;
    const of = (stalled: number) =>
      statisticsOf(
        accumulatorOf([
          ...times(100 - stalled, good),
          ...times(stalled - 1, { ...good, stallMicros }),
          { ...bad, stallMicros },
          ...times(500, { ...unknown, stallMicros }),
          ...times(20, { ...fault, stallMicros }),
        ]),
      );
    expect(of(atMost)).toMatchObject({ valid: true, samples: { good: 99, bad: 1, stalled: atMost } });
    expect(of(atMost + 1)).toMatchObject({ valid: false, samples: { stalled: atMost + 1 } });
    // It still counts, stalled samples as well.
    expect(of(atMost + 1).metrics[METRIC.availabilityPpm]).toEqual(of(atMost).metrics[METRIC.availabilityPpm]);
  });

  it('carry the bound that favours the provider once more, as it holds for all watchers at once', () => {
    const accumulator = accumulatorOf([
      ...times(285, good),
      ...Array.from({ length: 15 }, (_, i) => ({ ...good, totalMicros: 2_000 + 100 * i })),
      ...times(15, bad),
    ]);
    const of = (watchers: number) => statisticsOf(accumulator, watchers).metrics;
    const joints = [1, 4, 13, 64, 500, 4_096, 4_097].map((watchers) => {
      const [up, p95] = [of(watchers)[METRIC.availabilityPpm]!, of(watchers)[METRIC.latencyP95Micros]!];
      if (typeof up === 'string' || typeof p95 === 'string') throw new Error('nothing');
      expect(up.joint).toBeGreaterThan(up.upper);
      expect(p95.joint).toBeLessThanOrEqual(p95.lower);
      return [up.joint, p95.joint];
    });
    expect(joints.map(([up]) => up)).toEqual(joints.map(([up]) => up).toSorted((a, b) => a! - b!));
    expect(joints.map(([, p95]) => p95)).toEqual(joints.map(([, p95]) => p95).toSorted((a, b) => b! - a!));
    expect(joints.at(-1)).toEqual([1_000_000, 0]);
    // What is no estimate needs no other bound.
    const rtt = statisticsOf(accumulatorOf([{ ...good, connectMicros: 70 }])).metrics[METRIC.minRttMicros];
    expect(rtt).toEqual({ value: 70, lower: 70, upper: 70, joint: 70 });
  });

  it('leave the lower bound of a median open where not even the smallest sample bounds it for all', () => {
    const p50 = (n: number, watchers: number) =>
      statisticsOf(accumulatorOf(times(n, good)), watchers).metrics[METRIC.latencyP50Micros];
    // Not insufficient: value, median and the bound against the provider are as good as ever.
    expect(p50(8, 13)).toMatchObject({ value: NEARLY_1000, joint: 0 });
    expect(p50(9, 13)).toMatchObject({ value: NEARLY_1000, joint: 992 });
  });

  it('never count unknown samples and faults against the provider', () => {
    const clean = statisticsOf(accumulatorOf(times(20, good))).metrics;
    const noisy = statisticsOf(accumulatorOf([...times(20, good), ...times(3, unknown), ...times(2, fault)]));
    expect(noisy.metrics).toEqual(clean);
    expect(noisy.samples).toEqual({ good: 20, bad: 0, unknown: 3, fault: 2, stalled: 0 });
  });

  it('say absent without a sample, insufficient below the smallest n and a value from it on', () => {
    const metrics = (n: number) => statisticsOf(accumulatorOf(times(n, good))).metrics;
    expect(metrics(0).every((metric) => metric === 'absent')).toBe(true);
    const first = [METRIC.latencyP50Micros, METRIC.latencyP90Micros, METRIC.latencyP95Micros, METRIC.latencyP99Micros];
    [5, 29, 59, 299].forEach((n, i) => {
      expect(metrics(n - 1)[first[i]!], `n = ${n - 1}`).toBe('insufficient');
      expect(metrics(n)[first[i]!], `n = ${n}`).toMatchObject({ value: NEARLY_1000 });
    });
    expect(metrics(2_994)[METRIC.latencyP999Micros]).toBe('insufficient');
    expect(metrics(2_995)[METRIC.latencyP999Micros]).toMatchObject({ value: NEARLY_1000 });
    expect(metrics(1)[METRIC.availabilityPpm]).toMatchObject({ value: 1_000_000, upper: 1_000_000 });
  });

  it('take a quantile whose bucket holds the value of its rank', () => {
    const values = fc.array(fc.nat({ max: 2 ** 32 - 1 }), { minLength: 5, maxLength: 80 });
    fc.assert(
      fc.property(values, (list) => {
        const histogram: number[] = [];
        for (const value of list) addToHistogram(histogram, bucketOf(value));
        const sorted = [...list].sort((a, b) => a - b);
        const median = sorted[Math.ceil(list.length / 2) - 1]!;
        const found = quantile(histogram, 500_000, 5, 4);
        if (typeof found === 'string') throw new Error(found);
        expect(bucketOf(found.value)).toBe(bucketOf(median));
        expect(found.lower <= median && median <= found.upper).toBe(true);
        expect(found.joint <= found.lower && found.lower <= found.value && found.value <= found.upper).toBe(true);
      }),
    );
  });

  it('let time-outs and failed answers reach the tail as infinity', () => {
    const { metrics } = statisticsOf(accumulatorOf([...times(54, good), ...times(6, bad)]));
    expect(metrics[METRIC.latencyP95Micros]).toMatchObject({ value: INFINITE_MICROS, upper: INFINITE_MICROS });
    expect(metrics[METRIC.latencyP50Micros]).toMatchObject({ value: NEARLY_1000 });
    expect(metrics[METRIC.availabilityPpm]).toMatchObject({ value: 900_000 });
  });
});

describe('the Merkle leaf of closed statistics', () => {
  const window: Window = { serviceId: drawn('s'), windowStart: 4, windowEpochs: 2, epochsCounted: 2, accumulators: [] };

  it('changes with everything that the published leaf is made of', () => {
    const base = statisticsOf(accumulatorOf([...times(20, good), bad, unknown, fault]));
    const value = { value: 5, lower: 4, upper: 6, joint: 2 };
    const variants = [
      base,
      { ...base, watcher: drawn('other') },
      { ...base, region: 1 },
      { ...base, assignedWeight: 1n },
      { ...base, countedWeight: 1n },
      { ...base, watchers: 14 },
      { ...base, valid: !base.valid },
      ...(['good', 'bad', 'unknown', 'fault', 'stalled'] as const).map((name) => ({
        ...base,
        samples: { ...base.samples, [name]: 99 },
      })),
      ...base.metrics.map((_, i) => ({ ...base, metrics: base.metrics.with(i, value) })),
      { ...base, metrics: base.metrics.with(0, { ...value, lower: 3 }) },
      { ...base, metrics: base.metrics.with(0, { ...value, upper: 7 }) },
      { ...base, metrics: base.metrics.with(0, { ...value, joint: 1 }) },
      { ...base, metrics: base.metrics.with(0, 'insufficient' as const) },
      { ...base, metrics: base.metrics.with(0, 'absent' as const) },
    ];
    const leaves = [
      ...variants.map((one) => statisticsLeaf(window, one)),
      statisticsLeaf({ ...window, serviceId: drawn('t') }, base),
      statisticsLeaf({ ...window, windowStart: 6 }, base),
      statisticsLeaf({ ...window, windowEpochs: 4 }, base),
    ];
    expect(new Set(leaves.map((leaf) => Buffer.from(leaf).toString('hex'))).size).toBe(leaves.length);
  });

  it('is of the bytes that SSZ gives, for any statistics that SSZ can hold', () => {
    const u32 = fc.nat({ max: 0xffffffff });
    const u64 = fc.maxSafeNat();
    const u256 = fc.bigInt({ min: 0n, max: 2n ** 256n - 1n });
    const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 });
    const bounded = fc.record({ value: u64, lower: u64, upper: u64, joint: u64 });
    const metric = fc.oneof(bounded, fc.constant('absent' as const), fc.constant('insufficient' as const));
    const any: fc.Arbitrary<WatcherStatistics> = fc.record({
      ...{ watcher: bytes32, region: fc.nat({ max: 0xffff }), assignedWeight: u256, countedWeight: u256 },
      watchers: u32,
      valid: fc.boolean(),
      samples: fc.record({ good: u32, bad: u32, unknown: u32, fault: u32, stalled: u32 }),
      metrics: fc.array(metric, { minLength: METRIC_COUNT, maxLength: METRIC_COUNT }),
    });
    fc.assert(
      fc.property(bytes32, u64, u32, any, (serviceId, windowStart, windowEpochs, statistics) => {
        const key = { serviceId, windowStart, windowEpochs };
        const metrics = statistics.metrics.map((one) => ({
          status: one === 'absent' ? 0 : one === 'insufficient' ? 1 : 2,
          ...(typeof one === 'string' ? { value: 0, lower: 0, upper: 0, joint: 0 } : one),
        }));
        const { samples, valid, ...rest } = statistics;
        const ssz = concat(
          Uint8Array.of(1),
          ClosedSsz.serialize({ ...key, ...rest, ...samples, valid: valid ? 1 : 0, metrics }),
        );
        expect(closedBytes({ ...window, ...key }, statistics)).toEqual(ssz);
        expect(statisticsLeaf({ ...window, ...key }, statistics)).toEqual(keccak(keccak(ssz)));
      }),
      { numRuns: 200 },
    );
  });

  it('refuses numbers that its layout does not hold', () => {
    const base = statisticsOf(accumulatorOf(times(20, good)));
    const wrong = { value: 0.5, lower: 0, upper: 1, joint: 0 };
    expect(() => statisticsLeaf(window, { ...base, metrics: base.metrics.with(0, wrong) })).toThrow(RangeError);
    expect(() => statisticsLeaf(window, { ...base, samples: { ...base.samples, bad: -1 } })).toThrow(RangeError);
    expect(() => statisticsLeaf({ ...window, windowEpochs: 2 ** 32 }, base)).toThrow(RangeError);
  });

  it('holds the largest counts of 30 days at 1,024 slots', () => {
    const accumulator = accumulatorOf([]);
    const count = 43_200 * 1_024;
    accumulator.good = count;
    accumulator.latency = [INFINITE_BUCKET, count];
    const statistics = statisticsOf(accumulator);
    expect(statistics.metrics[METRIC.latencyP999Micros]).toMatchObject({ value: INFINITE_MICROS });
    expect(statisticsLeaf(window, statistics)).toHaveLength(32);
  });
});
