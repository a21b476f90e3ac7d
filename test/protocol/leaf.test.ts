import fc from 'fast-check';
import { decodeAbiParameters } from 'viem';
import { describe, expect, it } from 'vitest';
import type { Window } from '../../protocol/accumulator.ts';
import {
  type AbiLeaf,
  encodeLeaf,
  LEAF_ABI,
  type Leaf,
  leafFromAbi,
  leafHash,
  leafOf,
  leafToAbi,
  packStat,
  STAT,
  unpackStat,
} from '../../protocol/leaf.ts';
import { METRIC } from '../../protocol/metric.ts';
import type { WatcherStatistics } from '../../protocol/statistics.ts';
import { LEAF } from '../../scripts/vectors/digests.ts';
import { drawn, SMALL_PARAMETERS } from '../../scripts/vectors/world.ts';

const u40 = fc.oneof(fc.constantFrom(0, 1, 2 ** 32 - 1, 2 ** 32, 2 ** 40 - 1), fc.nat({ max: 2 ** 40 - 1 }));
const bounded = fc.record({ value: u40, lower: u40, upper: u40 });
const stat = fc.record({ status: fc.constantFrom(0, 1, 2), median: bounded, tail: bounded });

describe('a stat word', () => {
  it('gives back what was packed, in 32 bytes with a zero last', () => {
    fc.assert(
      fc.property(stat, (one) => {
        const word = packStat(one);
        expect(unpackStat(word)).toEqual(one);
        expect(word < 3n << 248n && (word & 0xffn) === 0n).toBe(true);
      }),
    );
  });

  it('holds every field in its own place', () => {
    const zero = { value: 0, lower: 0, upper: 0 };
    const of = (median: object, tail: object) =>
      packStat({ status: 0, median: { ...zero, ...median }, tail: { ...zero, ...tail } });
    expect(packStat({ status: 2, median: zero, tail: zero })).toBe(2n << 248n);
    const places: [object, object, bigint][] = [
      [{ value: 1 }, {}, 208n],
      [{ lower: 1 }, {}, 168n],
      [{ upper: 1 }, {}, 128n],
      [{}, { value: 1 }, 88n],
      [{}, { lower: 1 }, 48n],
      [{}, { upper: 1 }, 8n],
    ];
    for (const [median, tail, place] of places) expect(of(median, tail)).toBe(1n << place);
  });

  it('refuses what does not fit: it would spill into its neighbour', () => {
    const zero = { value: 0, lower: 0, upper: 0 };
    for (const bad of [2 ** 40, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => packStat({ status: 2, median: { ...zero, upper: bad }, tail: zero }), String(bad)).toThrow(
        RangeError,
      );
    }
    for (const status of [3, -1, 256]) expect(() => packStat({ status, median: zero, tail: zero })).toThrow(RangeError);
    for (const word of [1n, 3n << 248n, 1n << 256n, -(1n << 8n)]) expect(() => unpackStat(word)).toThrow(RangeError);
  });
});

describe('a leaf', () => {
  it('comes back from its ABI form', () => {
    expect(leafFromAbi(leafToAbi(LEAF))).toEqual(LEAF);
    const [decoded] = decodeAbiParameters(LEAF_ABI, encodeLeaf(LEAF));
    expect(leafFromAbi(decoded as AbiLeaf)).toEqual(LEAF);
  });

  it('has another hash for a change of any field', () => {
    const changed = (Object.keys(LEAF) as (keyof Leaf)[]).flatMap((name): Leaf[] => {
      const value = LEAF[name];
      if (name === 'stats')
        return LEAF.stats.map((_, i) => ({ ...LEAF, stats: LEAF.stats.with(i, LEAF.stats[(i + 1) % 12]!) }));
      if (name === 'serviceId') return [{ ...LEAF, serviceId: drawn('other') }];
      if (typeof value === 'boolean') return [{ ...LEAF, [name]: !value }];
      return [{ ...LEAF, [name]: (value as number) - 1 }];
    });
    expect(changed).toHaveLength(15 + 12);
    const hashes = new Set([LEAF, ...changed].map((leaf) => Buffer.from(leafHash(leaf)).toString('hex')));
    expect(hashes.size).toBe(changed.length + 1);
  });
});

const window: Window = {
  serviceId: drawn('service'),
  windowStart: 8,
  windowEpochs: 4,
  epochsCounted: 4,
  accumulators: [],
};

function watcher(
  weight: bigint,
  over: Partial<WatcherStatistics> & { assigned?: bigint; ppm?: number } = {},
): WatcherStatistics {
  const { assigned = weight, ppm = 999_000, ...rest } = over;
  const metrics = new Array<WatcherStatistics['metrics'][number]>(12).fill('absent');
  metrics[METRIC.availabilityPpm] = { value: ppm, lower: ppm - 10, upper: ppm + 10, joint: ppm + 30 };
  const base = { watcher: drawn('w'), region: 0, assignedWeight: assigned, countedWeight: weight, valid: true };
  const samples = { good: 9, bad: 1, unknown: 2, fault: 3, stalled: 1 };
  return { ...base, watchers: 3, samples, metrics, ...rest };
}

const leafOfWatchers = (all: readonly WatcherStatistics[], over: Partial<Window> = {}, vantage = 0) =>
  leafOf({ ...window, ...over }, vantage, all, SMALL_PARAMETERS);

describe('the leaf of a window', () => {
  it('is conclusive when valid watchers hold more than half of the assigned stake, and not at exactly half', () => {
    expect(leafOfWatchers([watcher(51n), watcher(49n, { valid: false })]).conclusive).toBe(true);
    expect(leafOfWatchers([watcher(50n), watcher(50n, { valid: false })]).conclusive).toBe(false);
    expect(leafOfWatchers([watcher(50n, { assigned: 100n })]).conclusive).toBe(false);
    expect(leafOfWatchers([watcher(51n, { assigned: 100n })]).conclusive).toBe(true);
  });

  it('is inconclusive without enough epochs, whatever the watchers saw', () => {
    // minEpochsPpm 500,000: two of four epochs are enough.
    expect(leafOfWatchers([watcher(1n)], { epochsCounted: 2 }).conclusive).toBe(true);
    expect(leafOfWatchers([watcher(1n)], { epochsCounted: 1 }).conclusive).toBe(false);
  });

  it('cannot be made inconclusive, or conclusive, by less than a third of the stake alone', () => {
    const stakes = fc.array(fc.bigInt({ min: 1n, max: 50n }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(stakes, stakes, (honest, liars) => {
        const sum = (list: readonly bigint[]) => list.reduce((a, b) => a + b, 0n);
        fc.pre(3n * sum(liars) < sum(honest) + sum(liars));
        const invalid = (stake: bigint, valid: boolean) => watcher(stake, { valid });
        const silent = leafOfWatchers([...honest.map((s) => invalid(s, true)), ...liars.map((s) => invalid(s, false))]);
        expect(silent.conclusive).toBe(true);
        const alone = leafOfWatchers([...honest.map((s) => invalid(s, false)), ...liars.map((s) => invalid(s, true))]);
        expect(alone.conclusive).toBe(false);
      }),
    );
  });

  it('adds up counts of all assigned watchers, the invalid ones too', () => {
    const leaf = leafOfWatchers([watcher(5n), watcher(5n, { valid: false })]);
    expect(leaf).toMatchObject({ watchersAssigned: 2, watchersValid: 1, samplesGood: 18, samplesBad: 2 });
    expect(leaf).toMatchObject({ samplesUnknown: 4, samplesFault: 6, epochsExpected: 4, epochsCounted: 4 });
  });

  it('takes only the watchers of its region, with that region as the whole', () => {
    const all = [watcher(60n, { region: 1, ppm: 500_000 }), watcher(40n, { region: 2, ppm: 900_000 })];
    const two = leafOfWatchers(all, {}, 2);
    expect(two).toMatchObject({ vantage: 2, watchersAssigned: 1, conclusive: true });
    expect(two.stats[0]!.median.value).toBe(900_000);
    expect(leafOfWatchers(all).stats[0]!.median.value).toBe(500_000);
  });

  it('publishes the joint bound where the tail favours the provider, and nowhere else', () => {
    const all = [watcher(5n, { ppm: 100 }), watcher(5n, { ppm: 200 }), watcher(5n, { ppm: 300 })];
    expect(leafOfWatchers(all).stats[METRIC.availabilityPpm]).toMatchObject({
      median: { value: 200, lower: 190, upper: 210 },
      tail: { value: 200, lower: 190, upper: 230 },
    });
    const metrics = all[0]!.metrics.with(METRIC.latencyP99Micros, { value: 7, lower: 6, upper: 9, joint: 2 });
    expect(leafOfWatchers(all.map((one) => ({ ...one, metrics }))).stats[METRIC.latencyP99Micros]).toMatchObject({
      median: { value: 7, lower: 6, upper: 9 },
      tail: { value: 7, lower: 2, upper: 9 },
    });
  });

  it('says of each metric whether it is absent, insufficient or present', () => {
    const metrics = (value: WatcherStatistics['metrics'][number]) => {
      const list = new Array<typeof value>(12).fill('absent');
      list[4] = value;
      return { metrics: list };
    };
    const present = { value: 7, lower: 6, upper: 8, joint: 5 };
    const status = (all: readonly WatcherStatistics[]) => leafOfWatchers(all).stats[4]!.status;
    expect(status([watcher(1n, metrics('absent'))])).toBe(STAT.absent);
    expect(status([watcher(1n, metrics('insufficient'))])).toBe(STAT.insufficient);
    expect(status([watcher(1n, metrics(present))])).toBe(STAT.present);
    expect(status([watcher(50n, metrics(present)), watcher(50n, metrics('insufficient'))])).toBe(STAT.insufficient);
    // Measured, but by a watcher that is not valid: there is something, and it is not enough.
    expect(status([watcher(1n, { ...metrics(present), valid: false })])).toBe(STAT.insufficient);
  });

  it('does not divide by the stake of nobody', () => {
    for (const all of [[], [watcher(0n)]]) {
      const leaf = leafOfWatchers(all);
      expect(leaf.conclusive).toBe(false);
      expect(leaf.stats.every(({ status }) => status !== STAT.present)).toBe(true);
    }
  });
});
