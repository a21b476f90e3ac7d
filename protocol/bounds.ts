/**
 * One-sided 95 % bounds in integers, rounded outwards. The ratio uses the Wilson score interval with continuity
 * correction (Newcombe 1998, method 4), which covers at small n and at ratios near 1 where the plain normal interval
 * does not; quantiles use order statistics, which assume nothing about the distribution.
 */

/** z of one-sided 95 %, 1.6448536…, rounded up, times 10^6. */
const Z = 1_644_854n;
const SCALE = 1_000_000n;
const SQUARE = SCALE * SCALE;
const PPM = 1_000_000n;

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
 * hits of trials as parts per million with its bounds. Both bounds are one-sided 95 %.
 * @param trials >= 1
 */
export function ratioPpm(hits: number, trials: number): Bounded {
  const k = BigInt(hits);
  const n = BigInt(trials);
  const zz = Z * Z; // scaled by SQUARE
  const denominator = 2n * (n * SQUARE + zz);
  const value = Number((k * PPM) / n);
  const lower = (): number => {
    if (hits === 0) return 0;
    const radicand = zz - 2n * SQUARE - SQUARE / n + (4n * k * (n - k + 1n) * SQUARE) / n;
    const root = Z * (isqrt(radicand > 0n ? radicand : 0n) + 1n); // scaled by SQUARE
    const numerator = 2n * k * SQUARE + zz - SQUARE - root;
    return numerator <= 0n ? 0 : Number((numerator * PPM) / denominator);
  };
  const upper = (): number => {
    if (hits === trials) return 1_000_000;
    const radicand = zz + 2n * SQUARE - SQUARE / n + (4n * k * (n - k - 1n) * SQUARE) / n;
    const root = Z * (isqrt(radicand > 0n ? radicand : 0n) + 1n);
    const bound = ceilDiv((2n * k * SQUARE + zz + SQUARE + root) * PPM, denominator);
    return Number(bound > PPM ? PPM : bound);
  };
  return { value, lower: Math.min(lower(), value), upper: Math.max(upper(), value) };
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
