import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isqrt, QUANTILES, quantileRanks, ratioPpm } from '../../protocol/bounds.ts';
import { FAMILIES } from '../../protocol/family.ts';

/**
 * The promise is statistical, so the test computes it exactly: with the binomial probabilities of every outcome, how
 * often is the bound on the right side of the truth? Floating point is fine here, to 10^-9.
 */
const LOG_FACTORIAL = [0];
for (let i = 1; i <= 50_000; i++) LOG_FACTORIAL[i] = LOG_FACTORIAL[i - 1]! + Math.log(i);

function probability(n: number, p: number, k: number): number {
  const ways = LOG_FACTORIAL[n]! - LOG_FACTORIAL[k]! - LOG_FACTORIAL[n - k]!;
  return Math.exp(ways + k * Math.log(p) + (n - k) * Math.log1p(-p));
}

/** P(X < k) for X ~ Bin(n, p) */
function below(n: number, p: number, k: number): number {
  let sum = 0;
  for (let i = k - 1; i >= 0; i--) {
    const term = probability(n, p, i);
    sum += term;
    if (i < n * p && term < 1e-18) break;
  }
  return sum;
}

/** P(X >= k) for X ~ Bin(n, p) */
function atLeast(n: number, p: number, k: number): number {
  let sum = 0;
  for (let i = k; i <= n; i++) {
    const term = probability(n, p, i);
    sum += term;
    if (i > n * p && term < 1e-18) break;
  }
  return Math.min(1, sum);
}

/**
 * The worst coverage of a lower bound over all true ratios: coverage falls only where the truth passes below the bound of
 * some outcome, so those points decide.
 */
function worstLower(n: number, lower: (k: number) => number): number {
  let worst = 1;
  for (let k = 1; k <= n; k++) {
    const p = lower(k) / 1_000_000;
    if (p > 0) worst = Math.min(worst, 1 - atLeast(n, p, k));
  }
  return worst;
}

const anyWatchers = fc.integer({ min: 1, max: 5_000 });
const SIZES = [1, 2, 3, 4, 5, 8, 12, 20, 29, 30, 59, 60, 100, 299, 300, 720, 1_440];

describe('the bounds of a ratio', () => {
  it('cover the truth in at least 95 % of cases, whatever it is, at every number of trials', () => {
    const coverages = SIZES.flatMap((n) => [
      worstLower(n, (k) => ratioPpm(k, n, 1).lower),
      // The upper bound is the lower bound of the misses, seen from the other end.
      worstLower(n, (k) => 1_000_000 - ratioPpm(n - k, n, 1).upper),
    ]);
    expect(Math.min(...coverages)).toBeGreaterThanOrEqual(0.95);
    // Not wasteful either: at most a quarter of the promised 5 % is given away at a thousand trials.
    expect(worstLower(1_440, (k) => ratioPpm(k, 1_440, 1).lower)).toBeLessThan(0.9625);
  });

  it('cover a service that is nearly always up, which is where money is decided', () => {
    for (const n of [5, 12, 29, 59, 299, 1_440, 10_080, 43_200]) {
      for (const up of [0.9, 0.99, 0.995, 0.999, 0.9999, 0.99999]) {
        let covered = 0;
        for (let missed = 0; missed <= n; missed++) {
          const chance = probability(n, 1 - up, missed);
          if (ratioPpm(n - missed, n, 1).upper / 1_000_000 >= up) covered += chance;
          if (missed > n * (1 - up) && chance < 1e-15) break;
        }
        expect(covered, `${n} trials at ${up}`).toBeGreaterThanOrEqual(0.95);
      }
    }
  });

  it('hold the value between them, grow with the hits, and stay within 0 and 100 %', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 44_236_800 }), fc.nat(), anyWatchers, (n, draw, watchers) => {
        const hits = draw % (n + 1);
        const { value, lower, upper, joint } = ratioPpm(hits, n, watchers);
        expect(0 <= lower && lower <= value && value <= upper && upper <= joint && joint <= 1_000_000).toBe(true);
        expect(value).toBe(Number((BigInt(hits) * 1_000_000n) / BigInt(n)));
        if (hits === n) return;
        const next = ratioPpm(hits + 1, n, watchers);
        expect(next.lower >= lower && next.upper >= upper && next.joint >= joint).toBe(true);
      }),
      { numRuns: 500 },
    );
    expect(ratioPpm(0, 7, 1).lower).toBe(0);
    expect(ratioPpm(7, 7, 1).upper).toBe(1_000_000);
  });

  it.each(FAMILIES)('cover the truth for all of $watchersMax watchers at once in at least 95 % of cases', (family) => {
    const chance = 0.05 / family.watchersMax;
    const failures = [...SIZES, 7_200].map((n) => {
      let worst = 0;
      // From the other end: the truth just above the bound of so many misses, and as many or more.
      for (let k = 1; k <= n; k += k < 200 || k > n - 50 ? 1 : 41) {
        const p = 1 - ratioPpm(n - k, n, family.watchersMax).joint / 1_000_000;
        if (p > 0) worst = Math.max(worst, atLeast(n, p, k));
      }
      return worst;
    });
    expect(Math.max(...failures)).toBeLessThanOrEqual(chance);
    // Not wasteful either: at most a quarter of the promise is given away.
    expect(Math.max(...failures)).toBeGreaterThan(0.75 * chance);
  });

  it('are open at 100 % for more watchers than any family has', () => {
    const { joint, ...alone } = ratioPpm(50, 100, 4_097);
    expect(joint).toBe(1_000_000);
    expect(ratioPpm(50, 100, 1)).toMatchObject(alone);
  });

  it('close in on the value with more trials', () => {
    const widths = [10, 100, 1_000, 10_000, 100_000].map((n) => {
      const { lower, upper } = ratioPpm((n * 9) / 10, n, 1);
      return upper - lower;
    });
    expect(widths).toEqual([...widths].sort((a, b) => b - a));
    expect(widths[4]).toBeLessThan(3_200);
  });
});

describe('the bounds of a quantile', () => {
  const sizes = (nMin: number) => [
    ...Array.from({ length: 120 }, (_, i) => nMin + i),
    ...[200, 299, 500, 1_000, 2_995, 5_000, 20_000].filter((n) => n >= nMin),
  ];

  it.each(QUANTILES.map(({ ppm, nMin }) => [ppm, nMin]))('at %i ppm cover the truth from n = %i on', (ppm, nMin) => {
    const q = ppm / 1_000_000;
    for (const n of sizes(nMin)) {
      const { lower, upper } = quantileRanks(n, ppm, 1);
      // X_(r) <= Q when at least r of n fall below Q; X_(r) >= Q when at most r - 1 do.
      const lowerCovers = atLeast(n, q, lower);
      const upperCovers = 1 - atLeast(n, q, upper);
      expect(lowerCovers, `lower, n = ${n}`).toBeGreaterThanOrEqual(0.95);
      expect(upperCovers, `upper, n = ${n}`).toBeGreaterThanOrEqual(0.95);
    }
  });

  it.each(FAMILIES)('cover the truth from below for all of $watchersMax watchers at once', (family) => {
    const chance = 0.05 / family.watchersMax;
    for (const { ppm, nMin } of QUANTILES) {
      const q = ppm / 1_000_000;
      for (const n of [...sizes(nMin), 50_000].filter((size) => size >= nMin)) {
        const { joint, lower } = quantileRanks(n, ppm, family.watchersMax);
        expect(joint, `${ppm} ppm of ${n}`).toBeLessThanOrEqual(lower);
        if (joint === 0) expect(0.5 ** n, `open at ${ppm} ppm of ${n}`).toBeGreaterThan(chance);
        else expect(below(n, q, joint), `${ppm} ppm of ${n}`).toBeLessThanOrEqual(chance);
      }
      // Not wasteful either.
      const { joint } = quantileRanks(50_000, ppm, family.watchersMax);
      expect(below(50_000, q, joint)).toBeGreaterThan(0.55 * chance);
    }
  });

  it('are open for more watchers than any family has', () => {
    expect(quantileRanks(1_000, 500_000, 4_097)).toMatchObject({ point: 500, joint: 0 });
  });

  it('need the smallest n at which the maximum lies above the quantile with 95 %', () => {
    for (const { ppm, nMin } of QUANTILES) {
      const all = (n: number) => BigInt(ppm) ** BigInt(n) * 20n <= 1_000_000n ** BigInt(n);
      expect(all(nMin), `q^n at ${nMin}`).toBe(true);
      expect(all(nMin - 1), `q^n at ${nMin - 1}`).toBe(false);
    }
  });

  it('are ranks of the sample in ascending order', () => {
    const quantiles = fc.constantFrom(...QUANTILES);
    fc.assert(
      fc.property(quantiles, fc.integer({ min: 0, max: 44_236_800 }), anyWatchers, ({ ppm, nMin }, extra, watchers) => {
        const n = nMin + extra;
        const { joint, lower, point, upper } = quantileRanks(n, ppm, watchers);
        expect(1 <= lower && lower <= point && point <= upper && upper <= n).toBe(true);
        expect(0 <= joint && joint <= lower).toBe(true);
        expect(BigInt(point) * 1_000_000n >= BigInt(n) * BigInt(ppm)).toBe(true);
        expect(BigInt(point - 1) * 1_000_000n < BigInt(n) * BigInt(ppm)).toBe(true);
      }),
    );
  });
});

describe('isqrt', () => {
  it('is the floor of the square root', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 200n }), (n) => {
        const root = isqrt(n);
        expect(root * root <= n && (root + 1n) * (root + 1n) > n).toBe(true);
      }),
    );
    for (let n = 0n; n < 200n; n++) expect(isqrt(n)).toBe(BigInt(Math.floor(Math.sqrt(Number(n)))));
  });
});
