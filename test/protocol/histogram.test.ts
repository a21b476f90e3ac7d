import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addToHistogram,
  bucketAtRank,
  bucketLower,
  bucketMiddle,
  bucketOf,
  bucketsOf,
  bucketUpper,
  histogramCount,
  histogramOfBuckets,
  INFINITE_BUCKET,
  INFINITE_MICROS,
  mergeHistograms,
  valueAtRank,
} from '../../protocol/histogram.ts';
import { HISTOGRAM_BUCKETS_MAX } from '../../protocol/limits.ts';

const micros = fc.oneof(
  fc.integer({ min: 0, max: 200 }),
  fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  fc.tuple(fc.integer({ min: 0, max: 31 }), fc.integer({ min: -2, max: 2 })).map(([k, d]) => Math.max(0, 2 ** k + d)),
);

function histogramOf(values: readonly number[]): number[] {
  const histogram: number[] = [];
  for (const value of values) addToHistogram(histogram, bucketOf(value));
  return histogram;
}

describe('the histogram', () => {
  it('cuts the whole range into buckets without a gap or an overlap', () => {
    expect(bucketLower(0)).toBe(0);
    for (let bucket = 0; bucket < INFINITE_BUCKET; bucket++) {
      const [lower, upper] = [bucketLower(bucket), bucketUpper(bucket)];
      expect(lower).toBeLessThanOrEqual(upper);
      expect(bucketOf(lower)).toBe(bucket);
      expect(bucketOf(upper)).toBe(bucket);
      expect(bucketOf(bucketMiddle(bucket))).toBe(bucket);
      if (bucket > 0) expect(lower).toBe(bucketUpper(bucket - 1) + 1);
    }
    expect(bucketUpper(INFINITE_BUCKET - 1)).toBe(2 ** 32 - 1);
    expect(INFINITE_BUCKET).toBeLessThan(HISTOGRAM_BUCKETS_MAX);
  });

  it('is off by at most 2 % at the edges of every bucket, and so everywhere', () => {
    let worst = 0;
    for (let bucket = 1; bucket < INFINITE_BUCKET; bucket++) {
      for (const value of [bucketLower(bucket), bucketUpper(bucket)]) {
        worst = Math.max(worst, Math.abs(bucketMiddle(bucket) - value) / value);
      }
    }
    expect(worst).toBeLessThanOrEqual(0.02);
    fc.assert(
      fc.property(micros, (value) => {
        expect(Math.abs(bucketMiddle(bucketOf(value)) - value)).toBeLessThanOrEqual(value * 0.02);
      }),
      { numRuns: 2_000 },
    );
  });

  it('is exact up to 64 and infinite from 2^32 on', () => {
    for (let value = 0; value <= 64; value++) expect(bucketLower(bucketOf(value))).toBe(value);
    expect(bucketOf(63)).toBe(63);
    expect(bucketUpper(bucketOf(64))).toBe(65);
    expect(bucketOf(2 ** 32 - 1)).toBe(INFINITE_BUCKET - 1);
    for (const value of [2 ** 32, 2 ** 40, INFINITE_MICROS]) expect(bucketOf(value)).toBe(INFINITE_BUCKET);
    expect(bucketLower(INFINITE_BUCKET)).toBe(INFINITE_MICROS);
    expect(bucketMiddle(INFINITE_BUCKET)).toBe(2 ** 40 - 1);
    expect(bucketUpper(INFINITE_BUCKET)).toBe(INFINITE_MICROS);
  });

  it('never puts a larger value into a smaller bucket', () => {
    fc.assert(
      fc.property(micros, micros, (a, b) => {
        if (a <= b) expect(bucketOf(a)).toBeLessThanOrEqual(bucketOf(b));
      }),
    );
  });

  it('does not depend on order, and merging is adding', () => {
    fc.assert(
      fc.property(fc.array(micros), fc.array(micros), (a, b) => {
        const [left, right] = [histogramOf(a), histogramOf(b)];
        const before = structuredClone([left, right]);
        const merged = mergeHistograms(left, right);
        expect(merged).toEqual(histogramOf([...b, ...a].reverse()));
        expect(merged).toEqual(mergeHistograms(right, left));
        expect(histogramCount(merged)).toBe(a.length + b.length);
        expect([left, right]).toEqual(before);
      }),
    );
  });

  it('holds every bucket once, ascending, with its count', () => {
    fc.assert(
      fc.property(fc.array(micros, { maxLength: 60 }), (values) => {
        const buckets = values.map(bucketOf);
        const expected = [...new Set(buckets)]
          .sort((a, b) => a - b)
          .map((bucket) => ({ bucket, count: buckets.filter((one) => one === bucket).length }));
        expect(bucketsOf(histogramOf(values))).toEqual(expected);
        expect(histogramOfBuckets(expected)).toEqual(histogramOf(values));
      }),
    );
  });

  it('is not read from buckets out of order or named twice', () => {
    const at = (...buckets: number[]) => buckets.map((bucket) => ({ bucket, count: 1 }));
    expect(() => histogramOfBuckets(at(3, 2))).toThrow(RangeError);
    expect(() => histogramOfBuckets(at(3, 3))).toThrow(RangeError);
    expect(histogramOfBuckets(at())).toEqual([]);
  });

  it('finds the bucket of every rank', () => {
    fc.assert(
      fc.property(fc.array(micros, { minLength: 1, maxLength: 60 }), (values) => {
        const histogram = histogramOf(values);
        const sorted = [...values].sort((x, y) => x - y);
        sorted.forEach((value, i) => {
          expect(bucketAtRank(histogram, i + 1)).toBe(bucketOf(value));
        });
        for (const rank of [0, -1, values.length + 1]) expect(() => bucketAtRank(histogram, rank)).toThrow(RangeError);
      }),
    );
  });

  it('spreads the counts of a bucket evenly over its middle quarter', () => {
    const [lower, upper] = [bucketLower(450), bucketUpper(450)];
    const at = (part: number) => lower + Math.floor((upper - lower) * part);
    const values = [1, 2, 3, 4, 5, 6].map((rank) => valueAtRank([450, 6], rank));
    expect(values).toEqual([3 / 8, 3 / 8, 5 / 12, 7 / 12, 5 / 8, 5 / 8].map(at));
    expect(valueAtRank([450, 1], 1)).toBe(bucketMiddle(450));
    expect(valueAtRank([INFINITE_BUCKET, 9], 5)).toBe(INFINITE_MICROS);
    for (const rank of [0, 7, -1]) expect(() => valueAtRank([450, 6], rank)).toThrow(RangeError);
    // Exact where a double is not: the widest bucket, and nearly as many as fit into 32 bits.
    const [widest, many] = [INFINITE_BUCKET - 1, 4_294_967_295];
    const rank = Math.ceil(many / 2) + 1_000_000;
    const width = BigInt(bucketUpper(widest) - bucketLower(widest));
    const exact = (width * (2n * BigInt(rank) - 1n)) / (2n * BigInt(many));
    expect(valueAtRank([widest, many], rank)).toBe(bucketLower(widest) + Number(exact));
  });

  it('is off by at most 2 % from the sample of every rank', () => {
    fc.assert(
      fc.property(fc.array(micros, { minLength: 1, maxLength: 40 }), fc.nat(), (values, turn) => {
        // Also many that are alike.
        const samples = [...values, ...new Array<number>(turn % 30).fill(values[turn % values.length]!)];
        const sorted = samples.toSorted((a, b) => a - b);
        const histogram = histogramOf(samples);
        sorted.forEach((value, i) => {
          expect(Math.abs(valueAtRank(histogram, i + 1) - value)).toBeLessThanOrEqual(0.02 * value);
        });
      }),
      { numRuns: 1_000 },
    );
  });

  it('finds every value in the bucket of its rank, in their order, and nearer to it than the middle on average', () => {
    fc.assert(
      fc.property(fc.array(micros, { minLength: 1, maxLength: 40 }), (values) => {
        const histogram = histogramOf(values);
        const found = values.map((_, i) => valueAtRank(histogram, i + 1));
        expect(found.map(bucketOf)).toEqual(values.map((_, i) => bucketAtRank(histogram, i + 1)));
        expect(found).toEqual(found.toSorted((a, b) => a - b));
      }),
    );
    const evenly = Array.from({ length: 500 }, (_, i) => 100_000 + 37 * i);
    const histogram = histogramOf(evenly);
    const errorOf = (estimate: (rank: number) => number) =>
      evenly.reduce((sum, value, i) => sum + Math.abs(estimate(i + 1) - value) / value, 0) / evenly.length;
    const ofMiddles = errorOf((rank) => bucketMiddle(bucketAtRank(histogram, rank)));
    expect(errorOf((rank) => valueAtRank(histogram, rank)) / ofMiddles).toBeLessThan(0.6);
  });
});
