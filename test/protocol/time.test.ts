import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MINIMAL, STANDARD } from '../../protocol/parameters.ts';
import { type Calendar, epochAt, epochStart, roundOf, viewAt } from '../../protocol/time.ts';

const calendars = fc.record({
  genesis: fc.integer({ min: 0, max: 4_000_000_000 }),
  epochSeconds: fc.integer({ min: 1, max: 86_400 }),
});
const epochs = fc.integer({ min: 0, max: 50_000_000 });

describe('epochs', () => {
  it('begin at their first millisecond and end at the one before the next', () => {
    fc.assert(
      fc.property(calendars, epochs, (calendar, epoch) => {
        const start = epochStart(calendar, epoch);
        expect(epochAt(calendar, start)).toBe(epoch);
        expect(epochAt(calendar, start - 1)).toBe(epoch - 1);
        expect(epochAt(calendar, epochStart(calendar, epoch + 1) - 1)).toBe(epoch);
        expect(Number.isSafeInteger(start)).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });

  it('are the floor of exact division, although computed with numbers', () => {
    fc.assert(
      fc.property(calendars, fc.nat({ max: 2 ** 43 }), (calendar, now) => {
        const from = BigInt(now) - BigInt(calendar.genesis) * 1000n;
        const length = BigInt(calendar.epochSeconds) * 1000n;
        const floor = from >= 0n ? from / length : -((-from + length - 1n) / length);
        expect(BigInt(epochAt(calendar, now))).toBe(floor);
      }),
      { numRuns: 1_000 },
    );
  });

  it('are negative before genesis', () => {
    const calendar: Calendar = { genesis: 1_000, epochSeconds: 60 };
    expect(epochAt(calendar, 999_999)).toBe(-1);
    expect(epochAt(calendar, 1_000_000)).toBe(0);
    expect(epochAt(calendar, 0)).toBe(-17);
  });
});

describe('a round', () => {
  it.each([
    ['standard', STANDARD],
    ['minimal', MINIMAL],
  ] as const)(
    'of the %s preset runs commit, grace, reveal, freeze, views, deadline',
    (_, { epochSeconds, parameters }) => {
      const calendar = { genesis: 1_700_000_000, epochSeconds };
      const round = roundOf(calendar, parameters, 7);
      const end = epochStart(calendar, 8);
      const moments = [
        end,
        round.commitBy,
        round.commitGrace,
        round.revealFrom,
        round.freeze,
        round.views,
        round.deadline,
      ];
      expect(moments).toEqual([...moments].sort((a, b) => a - b));
      expect(new Set(moments).size).toBe(moments.length);
      expect(round.revealFrom - round.commitBy).toBe(2 * parameters.deltaMillis);
      expect(round.views - round.freeze).toBe(parameters.deltaMillis);
      // At least one whole view fits before the deadline.
      expect(round.views + parameters.viewMillis).toBeLessThan(round.deadline);
    },
  );

  it('has view -1 before its views, and view v from views + v times its length on', () => {
    const round = roundOf({ genesis: 0, epochSeconds: 4 }, MINIMAL.parameters, 0);
    const { viewMillis } = MINIMAL.parameters;
    expect(viewAt(round, MINIMAL.parameters, round.views - 1)).toBe(-1);
    expect(viewAt(round, MINIMAL.parameters, 0)).toBe(-1);
    for (const view of [0, 1, 2, 1_000]) {
      expect(viewAt(round, MINIMAL.parameters, round.views + view * viewMillis)).toBe(view);
      expect(viewAt(round, MINIMAL.parameters, round.views + (view + 1) * viewMillis - 1)).toBe(view);
    }
  });
});
