import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  leaderOf,
  leaderOrder,
  PROBING_MARGIN_MILLIS,
  seedOf,
  slotCounts,
  slotsOf,
  vrfInput,
} from '../../protocol/assignment.ts';
import { toHex } from '../../protocol/bytes.ts';
import { SAMPLES_MAX, SERVICES_MAX } from '../../protocol/limits.ts';
import type { Service } from '../../protocol/service.ts';
import { DOMAIN, drawn, serviceOfWorld, setOfWorld, signatureOf } from '../../scripts/vectors/world.ts';

const service = (index: number, slotsPerEpoch: number, timeoutMillis: number): Service => ({
  ...serviceOfWorld(index, slotsPerEpoch),
  timeoutMillis,
});
const services = fc.array(fc.tuple(fc.integer({ min: 1, max: 1_024 }), fc.integer({ min: 1, max: 50_000 })), {
  maxLength: 5,
});

describe('the schedule of a watcher', () => {
  it('has one slot of every number of every service, ordered, within the epoch less time-out and margin', () => {
    fc.assert(
      fc.property(services, fc.nat(), (list, name) => {
        const all = list.map(([slots, timeout], i) => service(i, slots, timeout));
        const slots = slotsOf(all, signatureOf(`vrf ${name}`), 60);
        const wanted = all.flatMap(({ slotsPerEpoch }, i) =>
          Array.from({ length: slotsPerEpoch }, (_, slot) => [i, slot]),
        );
        expect(slots.map(({ service: i, slot }) => [i, slot])).toEqual(wanted);
        for (const { service: i, offsetMicros } of slots) {
          const lastMicros = (60_000 - all[i]!.timeoutMillis - PROBING_MARGIN_MILLIS) * 1_000;
          expect(Number.isInteger(offsetMicros) && offsetMicros >= 0 && offsetMicros < lastMicros).toBe(true);
        }
      }),
      { numRuns: 25 },
    );
  });

  it('spreads evenly: each slot falls into its own share of the time', () => {
    const slots = slotsOf([service(0, 50, 1_000)], signatureOf('vrf'), 60);
    const share = Math.floor(((60_000 - 1_000 - PROBING_MARGIN_MILLIS) * 1_000) / 50);
    for (const { slot, offsetMicros } of slots) expect(Math.floor(offsetMicros / share)).toBe(slot);
  });

  it('is another one for any other proof, and the same for the same', () => {
    const all = [service(0, 20, 1_000), service(1, 20, 1_000)];
    const of = (name: string) => slotsOf(all, signatureOf(name), 60).map(({ offsetMicros }) => offsetMicros);
    expect(of('a')).toEqual(of('a'));
    const [a, b] = [of('a'), of('b')];
    expect(a.filter((offset, i) => offset === b[i])).toHaveLength(0);
    // Nor do two services of one schedule share their moments.
    expect(a.slice(0, 20).filter((offset, i) => offset === a[20 + i])).toHaveLength(0);
  });

  it('draws the moment within the share evenly', () => {
    const [one] = [service(0, 1, 1_000)];
    const usable = (60_000 - 1_000 - PROBING_MARGIN_MILLIS) * 1_000;
    const bins = new Array<number>(10).fill(0);
    for (let i = 0; i < 4_000; i++) {
      const { offsetMicros } = slotsOf([one!], signatureOf(`draw ${i}`), 60)[0]!;
      bins[Math.floor((10 * offsetMicros) / usable)]!++;
    }
    // Chi-squared with 9 degrees of freedom; 33.7 is passed once in ten thousand, and the draws are fixed.
    const chi = bins.reduce((sum, count) => sum + (count - 400) ** 2 / 400, 0);
    expect(chi).toBeLessThan(33.7);
  });

  it('puts a service whose time-out fills the epoch at its start, and does not fail', () => {
    const slots = slotsOf([service(0, 1_024, 60_000)], signatureOf('vrf'), 4);
    expect(slots).toHaveLength(1_024);
    for (const { offsetMicros } of slots) expect(offsetMicros).toBeLessThan(1_000);
    expect(slotsOf([], signatureOf('vrf'), 4)).toEqual([]);
  });

  it('gives no more slots than a batch holds, first come first served', () => {
    const counts = (list: readonly number[]) => slotCounts(list.map((slots, i) => service(i, slots, 1_000)));
    expect(counts(new Array(9).fill(1_024))).toEqual([...new Array(8).fill(1_024), 0]);
    expect(counts([8_000, 200, 192, 1])).toEqual([8_000, 0, 192, 0]);
    expect(counts(new Array(SERVICES_MAX + 1).fill(1)).at(-1)).toBe(0);
    const all = new Array(12).fill(1_000).map((slots: number, i) => service(i, slots, 1_000));
    expect(slotsOf(all, signatureOf('vrf'), 60).length).toBeLessThanOrEqual(SAMPLES_MAX);
  });
});

describe('the leaders of an epoch', () => {
  const seed = drawn('seed');

  it('are every seat exactly once', () => {
    const stakes = fc.array(fc.bigInt({ min: 0n, max: 100n }), { maxLength: 20 });
    fc.assert(
      fc.property(stakes, fc.nat(), (list, epoch) => {
        const order = leaderOrder(setOfWorld(list), seed, epoch);
        expect([...order].sort((a, b) => a - b)).toEqual(list.map((_, seat) => seat));
      }),
    );
  });

  it('come first in proportion to their stake, and second among the rest', () => {
    const set = setOfWorld([10n, 20n, 30n, 40n]);
    const [first, second] = [
      [0, 0, 0, 0],
      [0, 0, 0, 0],
    ];
    const epochs = 10_000;
    for (let epoch = 0; epoch < epochs; epoch++) {
      const order = leaderOrder(set, seed, epoch);
      first[order[0]!]!++;
      second[order[1]!]!++;
    }
    // Each within five standard deviations of its share: the draws are fixed, so this never flickers.
    const within = (count: number, share: number) =>
      Math.abs(count - epochs * share) < 5 * Math.sqrt(epochs * share * (1 - share));
    const shares = [0.1, 0.2, 0.3, 0.4];
    shares.forEach((share, seat) => {
      expect(within(first[seat]!, share), `first ${seat}`).toBe(true);
      const later = shares.reduce((sum, other, i) => (i === seat ? sum : sum + (other * share) / (1 - other)), 0);
      expect(within(second[seat]!, later), `second ${seat}`).toBe(true);
    });
  });

  it('take a seat without stake last', () => {
    for (let epoch = 0; epoch < 50; epoch++)
      expect(leaderOrder(setOfWorld([0n, 5n, 0n, 7n]), seed, epoch).indexOf(0)).toBeGreaterThan(1);
    expect(leaderOrder(setOfWorld([0n, 0n]), seed, 1)).toHaveLength(2);
  });

  it('take turns by view, each once before anyone leads again', () => {
    const set = setOfWorld([1n, 1_000n, 1n]);
    const views = Array.from({ length: 6 }, (_, view) => leaderOf(set, seed, 9, view));
    expect(new Set(views.slice(0, 3)).size).toBe(3);
    expect(views.slice(3)).toEqual(views.slice(0, 3));
    expect(views.slice(0, 3)).toEqual(leaderOrder(set, seed, 9));
    expect(leaderOf(set, seed, 9, 2 ** 32 - 1)).toBe(views[(2 ** 32 - 1) % 3]);
  });

  it('do not exist in an empty set, which is said', () => {
    expect(leaderOrder(setOfWorld([]), seed, 1)).toEqual([]);
    expect(() => leaderOf(setOfWorld([]), seed, 1, 0)).toThrow('set 1 is empty: no seat can lead epoch 1');
  });
});

describe('seeds', () => {
  it('differ by chain, oracle, period and randomness', () => {
    const other = { ...DOMAIN, oracle: drawn('other').subarray(0, 20) };
    const seeds = [
      seedOf(DOMAIN, 1, drawn('r')),
      seedOf(DOMAIN, 2, drawn('r')),
      seedOf(DOMAIN, 1, drawn('s')),
      seedOf({ ...DOMAIN, chainId: 1 }, 1, drawn('r')),
      seedOf(other, 1, drawn('r')),
    ];
    expect(new Set(seeds.map(toHex)).size).toBe(5);
    const inputs = [vrfInput(DOMAIN, 1, seeds[0]!), vrfInput(DOMAIN, 2, seeds[0]!), vrfInput(other, 1, seeds[0]!)];
    expect(new Set(inputs.map(toHex)).size).toBe(3);
  });
});
