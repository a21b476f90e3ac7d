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
});
