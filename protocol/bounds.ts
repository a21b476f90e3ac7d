import { ALONE, type Family, familyOf } from './family.ts';

/**
 * One-sided bounds in integers, rounded outwards. The ratio uses the Wilson score interval, corrected for
 * continuity (Newcombe 1998, method 4) and for skewness; quantiles use order statistics, which assume nothing about the
 * distribution. test/protocol/bounds.test.ts computes the exact coverage, at 95 % and at every family's confidence.
 */

const SCALE = 1_000_000n;
const SQUARE = SCALE * SCALE;
const PPM = 1_000_000n;

export type Bounded = { readonly value: number; readonly lower: number; readonly upper: number };

/**
 * Bounds of 95 % for a watcher by itself, and the one that favours the provider once more (upper for a ratio, lower for a
 * quantile), such that it holds in 95 % of cases for all watchers of the window at once.
 */
export type Estimate = Bounded & { readonly joint: number };

/** floor(sqrt(n)) for n >= 0. */
export function isqrt(n: bigint): bigint {
  if (n < 2n) return n;
  let x = 1n << BigInt((n.toString(2).length + 1) >> 1);
  for (;;) {
    const y = (x + n / x) >> 1n;
    if (y >= x) return x;
    x = y;
  }
}

function ceilDiv(a: bigint, b: bigint): bigint {
  return (a + b - 1n) / b;
}

/** (z² − 1) / 6, the correction for the largest skewness of a binomial, rounded up, times 10^6: 0.284257… for 95 %. */
function skewnessOf({ z }: Family): bigint {
  return ceilDiv(z * z - SQUARE, 6n * SCALE);
}

/**
 * Lower bound of hits / trials in ppm, rounded down: the lower root of (y/n − p)² = z² p (1 − p) / n at y = hits − c, where
 * c is 1/2 for continuity and the correction for skewness. With 1/2 alone the bound of 95 % fails in 6.9 % of cases at a
 * ratio near 0 or 1, where services live, and one of 0.05 / 256 a hundred times as often as it promises; with both it
 * keeps its promise for every ratio and every number of trials.
 */
function ratioLowerPpm(hits: bigint, trials: bigint, family: Family): number {
  const { z } = family;
  const y = hits * SCALE - SCALE / 2n - skewnessOf(family); // scaled by SCALE
  if (y <= 0n) return 0;
  const zz = z * z; // scaled by SQUARE
  const radicand = zz + (4n * y * (trials * SCALE - y)) / trials;
  const root = z * (isqrt(radicand) + 1n); // scaled by SQUARE
  const numerator = 2n * y * SCALE + zz - root;
  return numerator <= 0n ? 0 : Number((numerator * PPM) / (2n * (trials * SQUARE + zz)));
}

/**
 * hits of trials as parts per million with its bounds.
 * @param trials >= 1, and at least `hits`
 * @param watchers of the window: the joint bound, an upper one, holds for all of them at once
 */
export function ratioPpm(hits: number, trials: number, watchers: number): Estimate {
  const k = BigInt(hits);
  const n = BigInt(trials);
  const family = familyOf(watchers);
  const value = Number((k * PPM) / n);
  const lower = ratioLowerPpm(k, n, ALONE);
  const upper = 1_000_000 - ratioLowerPpm(n - k, n, ALONE);
  const joint = family === undefined ? 1_000_000 : 1_000_000 - ratioLowerPpm(n - k, n, family);
  return { value, lower: Math.min(lower, value), upper: Math.max(upper, value), joint: Math.max(joint, value) };
}

/** `joint` is 0, below every value, where not even the smallest of n bounds the quantile for all watchers at once. */
export type Ranks = { readonly point: number; readonly lower: number; readonly upper: number; readonly joint: number };

/**
 * Ranks (1 = smallest of n) of a quantile and of its bounds. At the smallest admitted n the upper bound
 * is the maximum, which is exact: q^n <= 5 %.
 * @param quantilePpm 500000 = median; of those in QUANTILES
 * @param watchers of the window: the joint bound, a lower one, holds for all of them at once
 */
export function quantileRanks(n: number, quantilePpm: number, watchers: number): Ranks {
  const count = BigInt(n);
  const q = BigInt(quantilePpm);
  const mean = count * q; // scaled by 10^6
  const sigma = isqrt(count * q * (PPM - q)) + 1n; // scaled by 10^6
  const deviation = (ALONE.z * sigma) / SCALE; // scaled by 10^6
  const point = Number(ceilDiv(mean, PPM));
  const upper = Number(ceilDiv(mean + deviation, PPM)) + 1;
  const lower = Number((mean > deviation ? mean - deviation : 0n) / PPM);
  return {
    point: Math.max(1, point),
    lower: Math.max(1, Math.min(lower, point)),
    upper: Math.min(n, Math.max(upper, point)),
    joint: jointRank(n, q, mean, sigma, familyOf(watchers)),
  };
}

/**
 * How many of n lie below the quantile is binomial, skewed downwards by 2q − 1 of the most. Without the correction a bound of
 * 0.05 / 256 fails four times as often as it promises. (At 95 % rounding outwards is enough.)
 */
function jointRank(n: number, q: bigint, mean: bigint, sigma: bigint, family: Family | undefined): number {
  if (!family) return 0;
  const skewness = skewnessOf(family) * (2n * q - PPM); // scaled by 10^12
  const rank = mean * SCALE - family.z * sigma - skewness; // scaled by 10^12
  return Math.max(n < family.minimumFrom ? 0 : 1, Number(rank / SQUARE));
}

/** Smallest n at which the maximum bounds the quantile from above with 95 %: q^n <= 0.05. */
export const QUANTILES = [
  { ppm: 500_000, nMin: 5 },
  { ppm: 900_000, nMin: 29 },
  { ppm: 950_000, nMin: 59 },
  { ppm: 990_000, nMin: 299 },
  { ppm: 999_000, nMin: 2_995 },
] as const;
