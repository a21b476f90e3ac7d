import fc from 'fast-check';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { type Leaf, leafToAbi } from '../../protocol/leaf.ts';
import { type Objective, settle, VERDICT, type Verdict, verdictOf } from '../../protocol/settlement.ts';
import { agree, TIMEOUT_MILLIS } from './agree.ts';
import { leaf, uint, uintNumber } from './arbitraries.ts';
import { type Harness, startHarness } from './harness.ts';

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness('SettlementHarness');
});
afterAll(() => harness.stop());

/** Also statistics and comparators that the vault refuses: both sides must read those alike, too. */
const choice = fc.oneof({ arbitrary: fc.constantFrom(0, 1), weight: 8 }, { arbitrary: uintNumber(8), weight: 1 });

/** Thresholds at, one below and one above a number of the leaf, and any others. */
function objectivesOf(one: Leaf): fc.Arbitrary<Objective[]> {
  const numbers = one.stats.flatMap(({ median, tail }) => [median, tail].flatMap((b) => [b.value, b.lower, b.upper]));
  const near = numbers.flatMap((n) => [n - 1, n, n + 1]).filter((n) => n >= 0 && n < 2 ** 40);
  const objective = fc.record({
    metric: fc.nat({ max: 11 }),
    statistic: choice,
    comparator: choice,
    threshold: fc.oneof(fc.constantFrom(...near), uintNumber(40)),
  });
  return fc.array(objective, { maxLength: 4 });
}

describe('settlement, in TypeScript and on an EVM', { timeout: TIMEOUT_MILLIS }, () => {
  it('gives a leaf the same verdict', async () => {
    const judged = leaf.chain((one) => fc.record({ leaf: fc.constant(one), objectives: objectivesOf(one) }));
    await agree(
      'verdicts',
      harness,
      judged,
      (one) => ({ name: 'evaluate', args: [leafToAbi(one.leaf), one.objectives] }),
      (one) => ({ value: verdictOf(one.leaf, one.objectives) }),
    );
  });

  it('pays the same amounts', async () => {
    const money = fc.record({
      verdict: fc.constantFrom<Verdict>(...Object.values(VERDICT)),
      price: uint(128),
      slash: uint(128),
      creditPpm: fc.oneof(fc.nat({ max: 1_000_000 }), fc.constantFrom(0, 1, 999_999, 1_000_000)),
      bondLeft: uint(128),
    });
    await agree(
      'amounts',
      harness,
      money,
      ({ verdict, price, slash, creditPpm, bondLeft }) => ({
        name: 'amounts',
        args: [verdict, price, slash, creditPpm, bondLeft],
      }),
      ({ verdict, bondLeft, ...terms }) => {
        const { paidToProvider, returnedToCustomer, slashed } = settle(verdict, terms, bondLeft);
        return { value: [paidToProvider, returnedToCustomer, slashed] };
      },
    );
  });
});
