import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Leaf, Stat } from '../../protocol/leaf.ts';
import { judgeObjective, type Objective, settle, VERDICT, type Verdict, verdictOf } from '../../protocol/settlement.ts';
import { LEAF } from '../../scripts/vectors/digests.ts';

const small = fc.nat({ max: 8 });
const bounded = fc.record({ value: small, lower: small, upper: small });
const stat: fc.Arbitrary<Stat> = fc.record({ status: fc.constantFrom(0, 1, 2, 2, 2), median: bounded, tail: bounded });
const leaf: fc.Arbitrary<Leaf> = fc
  .tuple(fc.boolean(), fc.array(stat, { minLength: 12, maxLength: 12 }))
  .map(([conclusive, stats]) => ({ ...LEAF, conclusive, stats }));
const bit = fc.constantFrom(0, 1);
const objective: fc.Arbitrary<Objective> = fc.record({
  metric: fc.nat({ max: 11 }),
  statistic: bit,
  comparator: bit,
  threshold: small,
});
const objectives = fc.array(objective, { minLength: 1, maxLength: 4 });

describe('a period', () => {
  it('is breached only when even the bound that favours the provider breaks an objective of a conclusive leaf', () => {
    fc.assert(
      fc.property(leaf, objectives, (one, promised) => {
        const verdict = verdictOf(one, promised);
        const sure = promised.some(({ metric, statistic, comparator, threshold }) => {
          const { status, median, tail } = one.stats[metric]!;
          const { value, lower, upper } = statistic === 1 ? tail : median;
          const sound = status === 2 && lower <= value && value <= upper;
          return sound && (comparator === 0 ? upper < threshold : lower > threshold);
        });
        expect(verdict === VERDICT.breached).toBe(one.conclusive && sure);
      }),
      { numRuns: 1_000 },
    );
  });

  it('is met only when every value keeps its objective, and inconclusive whenever that cannot be known', () => {
    fc.assert(
      fc.property(leaf, objectives, (one, promised) => {
        const verdict = verdictOf(one, promised);
        const judged = promised.map((each) => judgeObjective(one, each));
        if (verdict === VERDICT.met) expect(judged.every((each) => each === 'met')).toBe(true);
        if (!one.conclusive) expect(verdict).toBe(VERDICT.inconclusive);
        if (judged.includes('unknown') && !judged.includes('breached')) expect(verdict).toBe(VERDICT.inconclusive);
      }),
      { numRuns: 500 },
    );
  });

  it('does not depend on the order of the objectives', () => {
    fc.assert(
      fc.property(leaf, objectives, (one, promised) => {
        expect(verdictOf(one, [...promised].reverse())).toBe(verdictOf(one, promised));
      }),
    );
  });

  it('never gets worse for the provider when the threshold is loosened', () => {
    const rank = { met: 0, between: 1, breached: 2, unknown: -1 };
    fc.assert(
      fc.property(leaf, objective, (one, promised) => {
        const looser = {
          ...promised,
          threshold: Math.max(0, promised.threshold + (promised.comparator === 0 ? -1 : 1)),
        };
        expect(rank[judgeObjective(one, looser)]).toBeLessThanOrEqual(rank[judgeObjective(one, promised)]);
      }),
    );
  });

  it('is not judged on bounds that cross: no honest report has them', () => {
    const crossed = { value: 5, lower: 6, upper: 4 };
    const one = { ...LEAF, stats: LEAF.stats.map(() => ({ status: 2, median: crossed, tail: crossed })) };
    for (const comparator of [0, 1]) {
      for (const threshold of [0, 5, 9]) {
        expect(judgeObjective(one, { metric: 0, statistic: 0, comparator, threshold })).toBe('unknown');
      }
    }
  });

  it('shares out exactly the price and slashes at most the bond', () => {
    const amount = fc.bigInt({ min: 0n, max: 2n ** 128n - 1n });
    const verdicts = fc.constantFrom<Verdict[]>(...Object.values(VERDICT));
    fc.assert(
      fc.property(
        verdicts,
        amount,
        amount,
        fc.nat({ max: 1_000_000 }),
        amount,
        (verdict, price, slash, creditPpm, bond) => {
          const { paidToProvider, returnedToCustomer, slashed } = settle(verdict, { price, slash, creditPpm }, bond);
          expect(paidToProvider + returnedToCustomer).toBe(price);
          expect(slashed <= bond && slashed <= slash && paidToProvider >= 0n && returnedToCustomer >= 0n).toBe(true);
          const punished: Verdict[] = [VERDICT.breached, VERDICT.abandoned];
          if (!punished.includes(verdict)) expect(slashed).toBe(0n);
          if (verdict === VERDICT.met) expect(returnedToCustomer).toBe(0n);
        },
      ),
      { numRuns: 500 },
    );
  });
});
