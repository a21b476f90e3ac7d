import { describe, expect, test } from 'vitest';
import { MINIMAL } from '../../../protocol/parameters.ts';
import { type Life, quorumTimes, settledTimes } from '../../../scripts/soak/lives.ts';
import { checkOwed, type Landing, owedMillis } from '../../../scripts/soak/owed.ts';

const { parameters, epochSeconds } = MINIMAL;
const calendar = { genesis: 1_700_000_000, epochSeconds };
/** Milliseconds after genesis. */
const at = (millis: number) => calendar.genesis * 1000 + millis;
const life = (watcher: number, ready: number | undefined, ended?: number): Life => ({
  watcher,
  startedAt: at((ready ?? 0) - 500),
  readyAt: ready === undefined ? undefined : at(ready),
  endedAt: ended === undefined ? undefined : at(ended),
});
const landing = (epoch: number, millis: number): Landing => ({ epoch, view: 0, signers: [0, 1, 2], at: at(millis) });
const every = (from: number, to: number, step: number) =>
  Array.from({ length: Math.floor((to - from) / step) }, (_, i) => landing(i, from + i * step));

describe('a watcher is settled', () => {
  test('from genesis on when it was there before', () => {
    expect(settledTimes(calendar, [life(0, -3_000)], at(50_000))).toEqual([
      { watcher: 0, from: at(0), to: at(50_000) },
    ]);
  });

  test('after the epoch of its start and the whole next one otherwise, and not at all when it ended before', () => {
    const lives = [
      life(0, -3_000, 9_000),
      life(0, 10_000, 30_000),
      life(0, 31_000, 35_999),
      life(0, undefined, 45_000),
    ];
    const times = settledTimes(calendar, lives, at(90_000));
    expect(times.map(({ from, to }) => [from - at(0), to - at(0)])).toEqual([
      [0, 9_000],
      [16_000, 30_000],
    ]);
  });
});

describe('a quorum was up', () => {
  const settled = (watcher: number, from: number, to: number) => ({ watcher, from: at(from), to: at(to) });
  const times = (...all: ReturnType<typeof settled>[]) =>
    quorumTimes(all, 4).map(({ from, to }) => [from - at(0), to - at(0)]);

  test('while the same three of four were', () => {
    expect(times(settled(0, 0, 90), settled(1, 10, 80), settled(2, 20, 70), settled(3, 30, 40))).toEqual([[20, 70]]);
    expect(times(settled(0, 0, 90), settled(1, 10, 80))).toEqual([]);
  });

  test('not while one took over from another', () => {
    expect(times(settled(0, 0, 90), settled(1, 0, 90), settled(2, 0, 40), settled(3, 30, 90))).toEqual([
      [0, 40],
      [30, 90],
    ]);
  });
});

describe('a report is owed', () => {
  const within = owedMillis(calendar, parameters);
  const check = (to: number, landings: Landing[]) =>
    checkOwed(calendar, parameters, [{ from: at(0), to: at(to) }], landings);

  test('within three epochs and one', () => {
    expect(within).toBe(16_000);
  });

  test('and reports that come satisfy it', () => {
    const owed = check(60_000, every(5_900, 60_000, 4_000));
    expect(owed).toMatchObject({ times: 1, faults: [], longestMillis: 6_100, epochsSeen: 12, epochsLanded: 12 });
  });

  test('and one that is missing is found, at the beginning, in the middle and at the end', () => {
    for (const [from, to] of [
      [0, 24_000],
      [20_000, 44_000],
      [40_000, 70_000],
    ] as const) {
      const landings = every(5_900, 60_000, 4_000).filter((one) => one.at <= at(from) || one.at >= at(to));
      const { faults } = check(60_000, landings);
      expect(faults.length).toBe(1);
      expect(faults[0]).toMatch(/a quorum was up and settled .* no report landed for \d+ ms/);
    }
  });

  test('not of a quorum that was there for less', () => {
    expect(check(within - 1, [])).toMatchObject({ times: 0, faults: [] });
    expect(check(within + 1, []).faults.length).toBe(1);
  });
});
