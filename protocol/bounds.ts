/**
 * One-sided 95 % bounds in integers, rounded outwards. The ratio uses the Wilson score interval, corrected for
 * continuity (Newcombe 1998, method 4) and for skewness; quantiles use order statistics, which assume nothing about the
 * distribution. test/protocol/bounds.test.ts computes the exact coverage.
 */

/** z of one-sided 95 %, 1.6448536…, rounded up, times 10^6. */
const Z = 1_644_854n;
const SCALE = 1_000_000n;
const SQUARE = SCALE * SCALE;
const PPM = 1_000_000n;
/** 1/2 for continuity and (z² − 1)/6 for the largest skewness of a binomial, 0.784257…, rounded up, times 10^6. */
const CORRECTION = 784_258n;

export type Bounded = { readonly value: number; readonly lower: number; readonly upper: number };

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

/**
 * Lower bound of hits / trials in ppm, rounded down: the lower root of (y/n − p)² = z² p (1 − p) / n at y = hits − c.
 * With c = 1/2 alone the bound fails in 6.9 % of cases at a ratio near 0 or 1, where services live; the second term
 * brings that below 5 % for every ratio and every number of trials.
 */
function ratioLowerPpm(hits: bigint, trials: bigint): number {
  if (hits === 0n) return 0;
  const zz = Z * Z; // scaled by SQUARE
  const y = hits * SCALE - CORRECTION; // scaled by SCALE, > 0
  const radicand = zz + (4n * y * (trials * SCALE - y)) / trials;
  const root = Z * (isqrt(radicand) + 1n); // scaled by SQUARE
  const numerator = 2n * y * SCALE + zz - root;
  return numerator <= 0n ? 0 : Number((numerator * PPM) / (2n * (trials * SQUARE + zz)));
}

/**
 * hits of trials as parts per million with its bounds. Both bounds are one-sided 95 %.
 * @param trials >= 1, and at least `hits`
 */
export function ratioPpm(hits: number, trials: number): Bounded {
  const k = BigInt(hits);
  const n = BigInt(trials);
  const value = Number((k * PPM) / n);
  const lower = ratioLowerPpm(k, n);
  const upper = 1_000_000 - ratioLowerPpm(n - k, n);
  return { value, lower: Math.min(lower, value), upper: Math.max(upper, value) };
}

export type Ranks = { readonly point: number; readonly lower: number; readonly upper: number };

/**
 * Ranks (1 = smallest of n) of a quantile and of its one-sided 95 % bounds. At the smallest admitted n the upper bound
 * is the maximum, which is exact: q^n <= 5 %.
 * @param quantilePpm 500000 = median
 */
export function quantileRanks(n: number, quantilePpm: number): Ranks {
  const count = BigInt(n);
  const q = BigInt(quantilePpm);
  const mean = count * q; // scaled by 10^6
  const deviation = (Z * (isqrt(count * q * (PPM - q)) + 1n)) / SCALE; // scaled by 10^6
  const point = Number(ceilDiv(mean, PPM));
  const upper = Number(ceilDiv(mean + deviation, PPM)) + 1;
  const lower = Number((mean > deviation ? mean - deviation : 0n) / PPM);
  return {
    point: Math.max(1, point),
    lower: Math.max(1, Math.min(lower, point)),
    upper: Math.min(n, Math.max(upper, point)),
  };
}

/** Smallest n at which the maximum bounds the quantile from above with 95 %: q^n <= 0.05. */
export const QUANTILES = [
  { ppm: 500_000, nMin: 5 },
  { ppm: 900_000, nMin: 29 },
  { ppm: 950_000, nMin: 59 },
  { ppm: 990_000, nMin: 299 },
  { ppm: 999_000, nMin: 2_995 },
] as const;
