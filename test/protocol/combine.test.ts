import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { combineBounded, type Weighted, weightedMedian, weightedSpread, weightedTail } from '../../protocol/combine.ts';

const weighted = fc.record({ value: fc.integer({ min: 0, max: 30 }), weight: fc.bigInt({ min: 0n, max: 9n }) });
const some = fc.array(weighted, { maxLength: 12 });
const sum = (values: readonly Weighted<unknown>[]): bigint => values.reduce((all, { weight }) => all + weight, 0n);

/** Every unit of stake as a value of its own, best first. */
function units(values: readonly Weighted<number>[], higher: boolean): number[] {
  const list = values.flatMap(({ value, weight }) => new Array<number>(Number(weight)).fill(value));
  return list.sort((a, b) => (higher ? b - a : a - b));
}

describe('the weighted median', () => {
  it('is the value of the middle unit of stake, counted from the best', () => {
    fc.assert(
      fc.property(some, fc.boolean(), (values, higher) => {
        const list = units(values, higher);
        expect(weightedMedian(values, higher)).toBe(list[Math.ceil(list.length / 2) - 1]);
      }),
    );
  });

  it('stays between the honest values when less than half of the stake lies', () => {
    fc.assert(
      fc.property(some, some, fc.boolean(), (honest, liars, higher) => {
        fc.pre(sum(liars) < sum(honest));
        const seen = honest.filter(({ weight }) => weight > 0n).map(({ value }) => value);
        const median = weightedMedian([...honest, ...liars], higher)!;
        expect(median).toBeGreaterThanOrEqual(Math.min(...seen));
        expect(median).toBeLessThanOrEqual(Math.max(...seen));
      }),
    );
  });

  it('moves no further than the honest range for less than a third of the assigned stake, if the honest are there', () => {
    fc.assert(
      fc.property(some, some, fc.boolean(), (honest, liars, higher) => {
        const assigned = sum(honest) + sum(liars);
        fc.pre(3n * sum(liars) < assigned);
        const seen = honest.filter(({ weight }) => weight > 0n).map(({ value }) => value);
        const median = weightedMedian([...liars, ...honest], higher)!;
        expect(Math.min(...seen) <= median && median <= Math.max(...seen)).toBe(true);
      }),
    );
  });
});

describe('the weighted tail', () => {
  it('is the value at which more than a third of the assigned stake saw it at least as bad', () => {
    fc.assert(
      fc.property(some, fc.bigInt({ min: 0n, max: 30n }), fc.boolean(), (values, absent, higher) => {
        const assigned = sum(values) + absent;
        const worstFirst = units(values, higher).reverse();
        expect(weightedTail(values, assigned, higher)).toBe(worstFirst[Number(assigned / 3n)]);
      }),
    );
  });

  it('was seen at least as bad by an honest watcher when less than a third of the stake lies', () => {
    fc.assert(
      fc.property(some, some, fc.bigInt({ min: 0n, max: 20n }), fc.boolean(), (honest, liars, absent, higher) => {
        const assigned = sum(honest) + sum(liars) + absent;
        fc.pre(3n * sum(liars) < assigned);
        const tail = weightedTail([...liars, ...honest], assigned, higher);
        if (tail === undefined) return;
        const asBad = ({ value, weight }: Weighted<number>) => weight > 0n && (higher ? value <= tail : value >= tail);
        expect(honest.some(asBad)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('was seen so by an honest watcher when no more than the threshold lies, whatever the threshold', () => {
    const threshold = fc
      .tuple(fc.bigInt({ min: 1n, max: 96n }), fc.bigInt({ min: 193n, max: 400n }))
      .map(([part, of]) => ({ part, of }));
    fc.assert(
      fc.property(some, some, threshold, fc.boolean(), (honest, liars, { part, of }, higher) => {
        const assigned = sum(honest) + sum(liars);
        fc.pre(of * sum(liars) <= part * assigned);
        const tail = weightedTail([...liars, ...honest], assigned, higher, { part, of });
        if (assigned > 0n) expect(tail).toBeDefined();
        if (tail === undefined) return;
        const asBad = ({ value, weight }: Weighted<number>) => weight > 0n && (higher ? value <= tail : value >= tail);
        expect(honest.some(asBad)).toBe(true);
        // One more unit of lying stake than allowed, all of it worst, and it is theirs.
        const worst = { value: higher ? -1 : 31, weight: (part * assigned) / of + 1n };
        expect(weightedTail([worst, ...honest], assigned, higher, { part, of })).toBe(worst.value);
      }),
      { numRuns: 500 },
    );
  });

  it('counts the absent as best: more of them never make it worse', () => {
    fc.assert(
      fc.property(some, fc.bigInt({ min: 0n, max: 20n }), fc.boolean(), (values, absent, higher) => {
        const there = weightedTail(values, sum(values), higher);
        const fewer = weightedTail(values, sum(values) + absent, higher);
        if (there === undefined || fewer === undefined) return;
        expect(higher ? fewer >= there : fewer <= there).toBe(true);
      }),
    );
  });

  it('is never better than the median of the same values', () => {
    fc.assert(
      fc.property(some, fc.boolean(), (values, higher) => {
        fc.pre(sum(values) > 0n);
        const [median, tail] = [weightedMedian(values, higher)!, weightedTail(values, sum(values), higher)!];
        expect(higher ? tail <= median : tail >= median).toBe(true);
      }),
    );
  });
});

describe('combining', () => {
  it('does not depend on the order of watchers', () => {
    fc.assert(
      fc.property(some, fc.boolean(), (values, higher) => {
        const reversed = [...values].reverse();
        expect(weightedMedian(reversed, higher)).toBe(weightedMedian(values, higher));
        expect(weightedTail(reversed, sum(values), higher)).toBe(weightedTail(values, sum(values), higher));
        expect(weightedSpread(reversed)).toBe(weightedSpread(values));
      }),
    );
  });

  /** Weighted estimates of a metric of which more is better, or less. */
  const estimates = fc.boolean().chain((higher) => {
    const value = fc
      .array(fc.nat({ max: 30 }), { minLength: 4, maxLength: 4 })
      .map((some) => [...some].sort((a, b) => a - b) as [number, number, number, number])
      .map(([a, b, c, d]) =>
        higher ? { lower: a, value: b, upper: c, joint: d } : { joint: a, lower: b, value: c, upper: d },
      );
    const list = fc.array(fc.record({ value, weight: fc.bigInt({ min: 0n, max: 9n }) }), { maxLength: 9 });
    return fc.record({ list, higher: fc.constant(higher) });
  });

  it('keeps lower <= value <= upper', () => {
    fc.assert(
      fc.property(estimates, ({ list, higher }) => {
        for (const assigned of [sum(list), 2n * sum(list)]) {
          const { median, tail } = combineBounded(list, assigned, higher);
          for (const all of [median, tail]) {
            if (all) expect(all.lower <= all.value && all.value <= all.upper).toBe(true);
          }
        }
      }),
    );
  });

  it('takes the bound of the tail that favours the provider from the joint ones, and each part by its order statistic', () => {
    fc.assert(
      fc.property(estimates, ({ list, higher }) => {
        for (const assigned of [sum(list), 2n * sum(list)]) {
          const { median, tail } = combineBounded(list, assigned, higher);
          for (const of of ['value', 'lower', 'upper'] as const) {
            const part = (name: typeof of | 'joint') =>
              list.map(({ value, weight }) => ({ value: value[name], weight }));
            const favours = of === (higher ? 'upper' : 'lower');
            if (of !== 'value') expect(median?.[of]).toBe(weightedMedian(part(of), higher));
            expect(tail?.[of]).toBe(weightedTail(part(favours ? 'joint' : of), assigned, higher));
          }
        }
      }),
    );
  });

  it('has as its median’s value the median of those within its bounds, between what more than a third has on either side', () => {
    fc.assert(
      fc.property(estimates, fc.bigInt({ min: 0n, max: 20n }), ({ list, higher }, absent) => {
        const assigned = sum(list) + absent;
        const { median } = combineBounded(list, assigned, higher);
        if (median === undefined) return;
        const all = units(
          list.map(({ value, weight }) => ({ value: value.value, weight })),
          higher,
        );
        const plain = all[Math.ceil(all.length / 2) - 1]!;
        const within = all.filter((value) => value >= median.lower && value <= median.upper);
        const again = within[Math.ceil(within.length / 2) - 1]!;
        const upwards = all.toSorted((a, b) => a - b);
        const low = Math.min(upwards[Number(assigned / 3n)] ?? plain, plain);
        const high = Math.max(upwards.toReversed()[Number(assigned / 3n)] ?? plain, plain);
        expect(median.value).toBe(Math.min(Math.max(again, low), high));
      }),
      { numRuns: 500 },
    );
  });

  it('keeps the median’s value between the honest ones when less than a third of the assigned stake lies, if the honest are there', () => {
    fc.assert(
      fc.property(estimates, estimates, ({ list: honest, higher }, { list: liars, higher: same }) => {
        fc.pre(higher === same && 3n * sum(liars) < sum(honest) + sum(liars));
        const seen = honest.filter(({ weight }) => weight > 0n).map(({ value }) => value.value);
        const { value } = combineBounded([...liars, ...honest], sum(liars) + sum(honest), higher).median!;
        expect(Math.min(...seen) <= value && value <= Math.max(...seen)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('does not count liars who are far away for the median’s value', () => {
    const at = (value: number) => ({
      value: { lower: value - 30, value, upper: value + 30, joint: value - 60 },
      weight: 1n,
    });
    const honest = [80, 85, 90, 95, 100, 105, 110, 115, 120].map(at);
    for (const said of [1, 1_000]) {
      const liars = [1, 2, 3, 4].map(() => at(said));
      const { median } = combineBounded([...honest, ...liars], 13n, false);
      expect(median!.value).toBe(100);
    }
  });

  it('gives nothing, and does not fail, without any stake', () => {
    for (const values of [[], [{ value: 3, weight: 0n }]]) {
      expect(weightedMedian(values, true)).toBeUndefined();
      expect(weightedTail(values, 0n, true)).toBeUndefined();
      expect(weightedSpread(values)).toBe(0);
    }
  });

  it('measures the spread between the quartiles, which less than a quarter of liars cannot widen', () => {
    expect(weightedSpread([1, 2, 3, 4].map((value) => ({ value, weight: 1n })))).toBe(2);
    fc.assert(
      fc.property(some, some, (honest, liars) => {
        fc.pre(4n * sum(liars) < sum(honest) + sum(liars));
        const seen = honest.filter(({ weight }) => weight > 0n).map(({ value }) => value);
        const spread = weightedSpread([...honest, ...liars]);
        expect(spread).toBeLessThanOrEqual(Math.max(...seen) - Math.min(...seen));
        expect(spread).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});
