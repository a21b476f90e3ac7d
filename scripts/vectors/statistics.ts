import { type Estimate, isqrt, QUANTILES, quantileRanks, ratioPpm } from '../../protocol/bounds.ts';
import { combineBounded, type Weighted, weightedMedian, weightedSpread, weightedTail } from '../../protocol/combine.ts';
import {
  bucketLower,
  bucketMiddle,
  bucketOf,
  bucketUpper,
  INFINITE_BUCKET,
  valueAtRank,
} from '../../protocol/histogram.ts';
import { emitVector } from './emit.ts';
import { drawnBelow } from './world.ts';

/** Writes test/vectors/statistics.json: what another implementation must compute alike, number by number. */

const RATIOS: readonly (readonly [hits: number, trials: number])[] = [
  [0, 1],
  [1, 1],
  [0, 5],
  [4, 5],
  [5, 5],
  [11, 12],
  [12, 12],
  [28, 30],
  [59, 59],
  [298, 299],
  [299, 299],
  [999, 1_000],
  [500, 1_000],
  [1, 1_000],
  [43_199, 43_200],
  [44_236_799, 44_236_800],
  [2_147_483_647, 4_294_967_295],
];
const SIZES = [5, 6, 12, 29, 59, 100, 299, 1_000, 2_995, 43_200, 44_236_800];
/** Of each row of FAMILIES the most watchers, one more than the first row has, and one more than the last; each case takes two. */
const WATCHERS = [1, 4, 5, 16, 64, 256, 512, 4_096, 4_097] as const;
const watchersOf = (i: number) => [i, i + 4].map((at) => WATCHERS[at % WATCHERS.length]!);
const MICROS = [
  0,
  1,
  62,
  63,
  64,
  65,
  66,
  127,
  128,
  1_000,
  65_535,
  65_536,
  999_999,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32 - 1,
  2 ** 32,
];
const SETS = 12;
/** Buckets and counts: exact ones, wide ones, the infinite one, and a product beyond 53 bits. */
const HISTOGRAMS: readonly (readonly [bucket: number, count: number])[][] = [
  [
    [7, 3],
    [200, 5],
  ],
  [
    [300, 1],
    [301, 2],
    [450, 199],
    [INFINITE_BUCKET, 8],
  ],
  [[INFINITE_BUCKET - 1, 4_000_000_000]],
];
const ranksIn = (histogram: readonly (readonly [number, number])[]) => {
  const all = histogram.reduce((sum, [, count]) => sum + count, 0);
  return [1, Math.ceil(all / 3), Math.ceil(all / 2), all - 1, all];
};

export function statisticsVectors() {
  return {
    isqrt: [0n, 1n, 2n, 3n, 4n, 99n, 10n ** 24n, 10n ** 24n - 1n, 2n ** 100n - 1n].map((n) => [`${n}`, `${isqrt(n)}`]),
    ratioPpm: RATIOS.flatMap(([hits, trials], i) =>
      watchersOf(i).map((watchers) => ({ hits, trials, watchers, ...ratioPpm(hits, trials, watchers) })),
    ),
    quantileRanks: QUANTILES.flatMap(({ ppm, nMin }) =>
      SIZES.filter((n) => n >= nMin).flatMap((n, i) =>
        watchersOf(i).map((watchers) => ({ n, quantilePpm: ppm, watchers, ...quantileRanks(n, ppm, watchers) })),
      ),
    ),
    buckets: MICROS.map((micros) => {
      const bucket = bucketOf(micros);
      return { micros, bucket, lower: bucketLower(bucket), middle: bucketMiddle(bucket), upper: bucketUpper(bucket) };
    }),
    valueAtRank: HISTOGRAMS.flatMap((histogram) =>
      ranksIn(histogram).map((rank) => ({ histogram, rank, value: valueAtRank(histogram.flat(), rank) })),
    ),
    bounded: Array.from({ length: SETS }, (_, i) => {
      const values = Array.from({ length: 1 + (i % 7) }, (_, j): Weighted<Estimate> => {
        const value = 30 + drawnBelow(30, 'point', i, j);
        const [lower, upper] = [value - drawnBelow(10, 'lower', i, j), value + drawnBelow(10, 'upper', i, j)];
        return { value: { value, lower, upper, joint: lower - 5 }, weight: BigInt(1 + drawnBelow(4, 'share', i, j)) };
      });
      const assigned = values.reduce((sum, { weight }) => sum + weight, BigInt(drawnBelow(6, 'missing', i)));
      const list = values.map(({ value, weight }) => [
        value.lower,
        value.value,
        value.upper,
        value.joint,
        Number(weight),
      ]);
      return {
        lowerValueUpperJointWeight: list,
        assigned: Number(assigned),
        ...combineBounded(values, assigned, false),
      };
    }),
    combined: Array.from({ length: SETS }, (_, i) => {
      const values: Weighted<number>[] = Array.from({ length: 1 + (i % 7) }, (_, j) => ({
        value: drawnBelow(20, 'value', i, j),
        weight: BigInt(drawnBelow(5, 'weight', i, j)),
      }));
      const total = values.reduce((sum, { weight }) => sum + weight, 0n);
      const assigned = total + BigInt(drawnBelow(6, 'absent', i));
      const both = (higher: boolean) => ({
        median: weightedMedian(values, higher) ?? null,
        tail: weightedTail(values, assigned, higher) ?? null,
      });
      return {
        values: values.map(({ value, weight }) => [value, Number(weight)]),
        assigned: Number(assigned),
        higherIsBetter: both(true),
        lowerIsBetter: both(false),
        spread: weightedSpread(values),
      };
    }),
  };
}

if (import.meta.main) emitVector('statistics.json', statisticsVectors());
