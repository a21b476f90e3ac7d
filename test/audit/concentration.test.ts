import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  canForge,
  canHalt,
  concentrationOf,
  giniPpm,
  type Holding,
  hhi,
  nakamoto,
  sharePpm,
  total,
} from '../../audit/concentration.ts';
import { isQuorum } from '../../protocol/set.ts';

const of = (...amounts: readonly (bigint | number)[]): Holding[] =>
  amounts.map((amount, i) => ({ name: `operator ${i}`, amount: BigInt(amount) }));

const amounts = fc.array(fc.bigInt({ min: 0n, max: 2n ** 128n }), { minLength: 1, maxLength: 12 });
const positive = fc.array(fc.bigInt({ min: 1n, max: 2n ** 128n }), { minLength: 1, maxLength: 12 });

describe('concentration', () => {
  it('has known values for equal holders, a monopoly and a worked example', () => {
    expect(concentrationOf(of(5, 5, 5, 5))).toEqual({ holders: 4, toHalt: 2, toForge: 3, giniPpm: 0, hhi: 2_500 });
    expect(concentrationOf(of(0, 0, 7))).toEqual({ holders: 3, toHalt: 1, toForge: 1, giniPpm: 666_666, hhi: 10_000 });
    // Shares 50, 30, 20 %: 2,500 + 900 + 400; Gini (−2·20 + 0·30 + 2·50) / (3 · 100).
    expect(concentrationOf(of(50, 30, 20))).toEqual({
      holders: 3,
      toHalt: 1,
      toForge: 2,
      giniPpm: 200_000,
      hhi: 3_800,
    });
  });

  it('says nothing of nothing', () => {
    expect(concentrationOf([])).toEqual({ holders: 0, toHalt: 0, toForge: 0, giniPpm: 0, hhi: 0 });
    expect(concentrationOf(of(0, 0))).toEqual({ holders: 2, toHalt: 0, toForge: 0, giniPpm: 0, hhi: 0 });
    expect(sharePpm(0n, 0n)).toBe(0);
  });

  it('lets exactly a third halt, and exactly two thirds not forge', () => {
    expect(nakamoto(of(1, 1, 1), canHalt)).toBe(1);
    expect(nakamoto(of(1, 1, 1), canForge)).toBe(3);
  });

  it('halts exactly when the rest is no quorum and forges exactly when it is one', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n }), fc.bigInt({ min: 1n, max: 2n ** 64n }), (part, rest) => {
        const all = part + rest;
        expect(canHalt(part, all)).toBe(!isQuorum(rest, all));
        expect(canForge(part, all)).toBe(isQuorum(part, all));
      }),
    );
  });

  it('finds the smallest coalition, compared with all of them', () => {
    fc.assert(
      fc.property(fc.array(fc.bigInt({ min: 0n, max: 20n }), { minLength: 1, maxLength: 8 }), (list) => {
        const holdings = of(...list);
        const all = total(holdings);
        for (const suffices of [canHalt, canForge]) {
          let smallest = 0;
          for (let mask = 1; all > 0n && mask < 1 << list.length; mask++) {
            const chosen = list.filter((_, i) => (mask >> i) & 1);
            const sum = chosen.reduce((a, b) => a + b, 0n);
            if (suffices(sum, all) && (smallest === 0 || chosen.length < smallest)) smallest = chosen.length;
          }
          expect(nakamoto(holdings, suffices)).toBe(smallest);
        }
      }),
    );
  });

  it('stays within its bounds: Gini below (n − 1)/n, HHI between 10,000/n and 10,000, halting no harder than forging', () => {
    fc.assert(
      fc.property(positive, (list) => {
        const { holders, toHalt, toForge, giniPpm: gini, hhi: index } = concentrationOf(of(...list));
        expect(gini).toBeGreaterThanOrEqual(0);
        expect(gini).toBeLessThanOrEqual(Math.floor(((holders - 1) * 1_000_000) / holders));
        expect(index).toBeGreaterThanOrEqual(Math.floor(10_000 / holders));
        expect(index).toBeLessThanOrEqual(10_000);
        expect(toHalt).toBeLessThanOrEqual(toForge);
        expect(toForge).toBeLessThanOrEqual(holders);
      }),
    );
  });

  it('equals the mean absolute difference over twice the mean', () => {
    fc.assert(
      fc.property(positive, (list) => {
        const n = BigInt(list.length);
        const all = list.reduce((a, b) => a + b, 0n);
        let differences = 0n;
        for (const a of list) for (const b of list) differences += a > b ? a - b : b - a;
        expect(giniPpm(of(...list))).toBe(Number((differences * 1_000_000n) / (2n * n * all)));
      }),
    );
  });

  it('depends neither on order nor on the unit', () => {
    fc.assert(
      fc.property(amounts, fc.bigInt({ min: 1n, max: 10n ** 18n }), (list, unit) => {
        const one = concentrationOf(of(...list));
        expect(concentrationOf(of(...list.toReversed()))).toEqual(one);
        expect(concentrationOf(of(...list.map((amount) => amount * unit)))).toEqual(one);
      }),
    );
  });

  it('never falls when one holder takes from a smaller one', () => {
    fc.assert(
      fc.property(positive, fc.nat(), fc.nat(), (list, i, j) => {
        const [from, to] = [i % list.length, j % list.length];
        fc.pre(from !== to && list[from]! <= list[to]!);
        const moved = list.map((amount, k) => (k === from ? 0n : k === to ? amount + list[from]! : amount));
        expect(giniPpm(of(...moved))).toBeGreaterThanOrEqual(giniPpm(of(...list)));
        expect(hhi(of(...moved))).toBeGreaterThanOrEqual(hhi(of(...list)));
      }),
    );
  });
});
