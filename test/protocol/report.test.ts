import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { windowKey } from '../../protocol/accumulator.ts';
import { seatsOf } from '../../protocol/bitmap.ts';
import { toHex } from '../../protocol/bytes.ts';
import { PlumblineError } from '../../protocol/error.ts';
import { appendHistory, EMPTY_HISTORY, historyRoot } from '../../protocol/history.ts';
import { type Leaf, leafHash } from '../../protocol/leaf.ts';
import { merkleTree } from '../../protocol/merkle.ts';
import { computeReport, type EpochContext, type Report } from '../../protocol/report.ts';
import { accumulatorRoot, decodeState, encodeState, GENESIS_STATE, type State } from '../../protocol/state.ts';
import {
  contextOf,
  countedBy,
  drawn,
  SMALL_PARAMETERS,
  SMALL_SERVICES,
  SMALL_SET,
  seatOfWorld,
  setOfWorld,
} from '../../scripts/vectors/world.ts';

type Step = { readonly epoch: number; readonly seats: readonly number[]; readonly over?: Partial<EpochContext> };

const ALL_SEATS = [0, 1, 2, 3];
const all = (...epochs: readonly number[]): Step[] => epochs.map((epoch) => ({ epoch, seats: ALL_SEATS }));
const keyOf = (w: { serviceId: Uint8Array; windowStart: number; windowEpochs: number }) =>
  windowKey(w.serviceId, w.windowStart, w.windowEpochs);

function run(steps: readonly Step[], from: State = GENESIS_STATE): Report[] {
  let state = from;
  return steps.map(({ epoch, seats, over }) => {
    const context = contextOf(epoch, over);
    const report = computeReport(state, context, countedBy(context, seats));
    state = report.next;
    return report;
  });
}

/** Start and length of the windows that a report closed for one service, seen from everywhere. */
function closed({ leaves }: Report, service = 0): [start: number, length: number][] {
  const { id } = SMALL_SERVICES[service]!;
  const own = leaves.filter((leaf) => leaf.vantage === 0 && toHex(leaf.serviceId) === toHex(id));
  return own.map(({ windowStart, windowEpochs }) => [windowStart, windowEpochs]);
}

function leafIn({ leaves }: Report, windowEpochs: number, service = 0, vantage = 0): Leaf {
  const id = toHex(SMALL_SERVICES[service]!.id);
  const found = leaves.find(
    (leaf) => toHex(leaf.serviceId) === id && leaf.windowEpochs === windowEpochs && leaf.vantage === vantage,
  );
  if (!found) throw new Error(`no leaf of ${windowEpochs} epochs`);
  return found;
}

/** Everything that a state holds, in an order that does not matter. */
const plain = (state: State) => ({ ...state, windows: [...state.windows].sort(([a], [b]) => (a < b ? -1 : 1)) });

describe('a report', () => {
  it('is the same for the same input, and leaves its input as it was', () => {
    const [first] = run(all(0)) as [Report];
    const context = contextOf(1);
    const counted = countedBy(context, ALL_SEATS);
    const before = structuredClone({ state: plain(first.next), context, counted });
    const one = computeReport(first.next, context, counted);
    const two = computeReport(first.next, context, counted);
    expect(two).toEqual(one);
    expect({ state: plain(first.next), context, counted }).toEqual(before);
  });

  it('commits to its leaves, batches, seats, predecessors and state', () => {
    const reports = run(all(0, 1, 2));
    reports.forEach((report, i) => {
      const { header, leaves, hash, next } = report;
      expect(header.resultsRoot).toEqual(merkleTree(leaves.map(leafHash)).root);
      expect(header.accumulatorRoot).toEqual(accumulatorRoot(next.windows.values(), next.closedLeaves));
      expect(seatsOf([header.countedLow, header.countedHigh])).toEqual(ALL_SEATS);
      expect(header.previous).toEqual(reports[i - 1]?.hash ?? new Uint8Array(32));
      const earlier = reports.slice(0, i).map((one) => one.hash);
      expect(header.historyRoot).toEqual(historyRoot(earlier.reduce(appendHistory, EMPTY_HISTORY)));
      expect(next.history).toEqual([...earlier, hash].reduce(appendHistory, EMPTY_HISTORY));
      expect(next.reportHash).toEqual(hash);
    });
  });

  it('takes batches in the order of seats only, each seat once', () => {
    const context = contextOf(0);
    const counted = countedBy(context, ALL_SEATS);
    for (const wrong of [[...counted].reverse(), [counted[0]!, counted[0]!]]) {
      expect(() => computeReport(GENESIS_STATE, context, wrong)).toThrow(/out of order or named twice/);
    }
  });

  it('refuses an epoch that the state already holds', () => {
    const [, second] = run(all(0, 1)) as [Report, Report];
    for (const epoch of [1, 0, -1, Number.NaN, 1.5]) {
      const context = contextOf(epoch);
      expect(() => computeReport(second.next, context, []), String(epoch)).toThrow(PlumblineError);
    }
  });

  it('refuses batches of seats that the set does not have, or of another watcher than the one named', () => {
    const context = contextOf(0);
    const [counted] = countedBy(context, [1]);
    const { observation, batch } = counted!;
    const wrong = [
      { observation: { ...observation, seat: 9 }, batch },
      { observation: { ...observation, seat: 2 }, batch },
      { observation: { ...observation, watcher: drawn('stranger') }, batch },
      { observation, batch: { ...batch, watcher: drawn('stranger') } },
    ];
    for (const one of wrong) expect(() => computeReport(GENESIS_STATE, context, [one])).toThrow(PlumblineError);
  });

  it('can be made of no batch, no service or no seat, and says nothing then', () => {
    const nobody = computeReport(GENESIS_STATE, contextOf(0), []);
    expect(nobody.leaves.every(({ conclusive, watchersValid }) => !conclusive && watchersValid === 0)).toBe(true);
    const nothing = computeReport(GENESIS_STATE, contextOf(0, { services: [] }), []);
    expect(nothing.leaves).toEqual([]);
    expect(nothing.header.resultsRoot).toEqual(new Uint8Array(32));
    const empty = computeReport(GENESIS_STATE, contextOf(0, { set: { id: 1, seats: [] } }), []);
    expect(empty.leaves.every(({ conclusive }) => !conclusive)).toBe(true);
  });
});

describe('windows', () => {
  it('close with the last of their epochs, aligned', () => {
    const reports = run(all(0, 1, 2, 3, 4));
    expect(reports.map((report) => closed(report))).toEqual([
      [[0, 1]],
      [
        [1, 1],
        [0, 2],
      ],
      [[2, 1]],
      [
        [3, 1],
        [2, 2],
        [0, 4],
      ],
      [[4, 1]],
    ]);
    for (const { leaves } of reports) for (const leaf of leaves) expect(leaf.windowStart % leaf.windowEpochs).toBe(0);
  });

  it('close with the first report after their end when epochs are missed, and count what was there', () => {
    const reports = run(all(0, 2, 9));
    // [0, 2) ends unreported at epoch 1, so the report of epoch 2 carries it.
    expect(closed(reports[1]!)).toEqual([
      [2, 1],
      [0, 2],
    ]);
    expect(leafIn(reports[1]!, 2)).toMatchObject({ windowStart: 0, epochsCounted: 1, epochsExpected: 2 });
    // Of [4, 8) nothing was ever opened: a missed window is no leaf, never a guess.
    expect(closed(reports[2]!)).toEqual([
      [9, 1],
      [2, 2],
      [8, 2],
      [0, 4],
    ]);
    expect(leafIn(reports[2]!, 4)).toMatchObject({ windowStart: 0, epochsCounted: 2, epochsExpected: 4 });
  });

  it('never stay open past their end', () => {
    const gaps = fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(gaps, (steps) => {
        let epoch = -1;
        const reports = run(all(...steps.map((gap) => (epoch += gap))));
        for (const { next } of reports) {
          for (const w of next.windows.values()) expect(w.windowStart + w.windowEpochs).toBeGreaterThan(next.epoch + 1);
        }
        // Each window closes at most once.
        const keys = reports.flatMap((report) => closed(report).map(String));
        expect(new Set(keys).size).toBe(keys.length);
      }),
      { numRuns: 15 },
    );
  });

  it('add every sample of every counted epoch exactly once', () => {
    const reports = run([...all(0, 1), { epoch: 2, seats: [0, 1, 2] }, ...all(3)]);
    const sum = ({ samplesGood, samplesBad, samplesUnknown, samplesFault }: Leaf) =>
      samplesGood + samplesBad + samplesUnknown + samplesFault;
    expect(reports.map((report) => sum(leafIn(report, 1)))).toEqual([24, 24, 18, 24]);
    expect(sum(leafIn(reports[1]!, 2))).toBe(48);
    expect(sum(leafIn(reports[3]!, 4))).toBe(90);
    expect(sum(leafIn(reports[3]!, 4, 1))).toBe(45);
  });

  it('of one epoch are the epoch leaf itself, and count it once', () => {
    const parameters = { ...SMALL_PARAMETERS, windowEpochs: [1, 2, 0, 0] as const };
    const [first] = run([{ epoch: 0, seats: ALL_SEATS, over: { parameters } }]) as [Report];
    expect(closed(first)).toEqual([[0, 1]]);
    expect(leafIn(first, 1)).toMatchObject({ epochsCounted: 1, samplesGood: expect.any(Number) });
    const { samplesGood, samplesBad, samplesUnknown, samplesFault } = leafIn(first, 1);
    expect(samplesGood + samplesBad + samplesUnknown + samplesFault).toBe(24);
  });

  it('hold what is whole of them: the rest still lies in the shorter ones', () => {
    const reports = run(all(0, 1, 2, 3));
    const held = reports.map(({ next }) => [...next.windows.values()].map((w) => [w.windowEpochs, w.epochsCounted]));
    const twice = (...some: [number, number][]) => some.flatMap((one) => [one, one]);
    expect(held.map((some) => some.sort())).toEqual([twice([2, 1]), twice([4, 2]), twice([2, 1], [4, 2]), []]);
    expect(leafIn(reports[3]!, 4).epochsCounted).toBe(4);
  });

  it('are not rewritten, nor hashed again, by a report that feeds them nothing', () => {
    const [, second, third] = run(all(0, 1, 2)) as [Report, Report, Report];
    const key = keyOf({ serviceId: SMALL_SERVICES[0]!.id, windowStart: 0, windowEpochs: 4 });
    expect(third.next.windows.get(key)).toBe(second.next.windows.get(key));
  });

  it('stay open through a change of parameters and close at their own end', () => {
    const parameters = { ...SMALL_PARAMETERS, windowEpochs: [3, 0, 0, 0] as const };
    const over = { parameters };
    const reports = run([...all(0), ...[1, 2, 3].map((epoch) => ({ epoch, seats: ALL_SEATS, over }))]);
    // Nothing had closed into [0, 4), and a length that is not listed any more is not fed.
    expect(closed(reports[1]!)).toEqual([
      [1, 1],
      [0, 2],
    ]);
    expect(leafIn(reports[1]!, 2).epochsCounted).toBe(1);
    expect(closed(reports[2]!)).toEqual([
      [2, 1],
      [0, 3],
    ]);
    expect(closed(reports[3]!)).toEqual([[3, 1]]);
  });
});

describe('a window whose surroundings change', () => {
  it('weighs a watcher that joined late by the epochs in which it was assigned', () => {
    const parameters = { ...SMALL_PARAMETERS, windowEpochs: [4, 0, 0, 0] as const };
    const set = { id: 2, seats: [...SMALL_SET.seats, seatOfWorld(4, 100n)] };
    const reports = run([
      ...all(0, 1, 2).map((step) => ({ ...step, over: { parameters } })),
      { epoch: 3, seats: [...ALL_SEATS, 4], over: { parameters, set } },
    ]);
    const leaf = leafIn(reports[3]!, 4);
    expect(leaf.watchersAssigned).toBe(5);
    const window = [...reports[2]!.next.windows.values()].find(({ windowEpochs }) => windowEpochs === 4)!;
    expect(window.accumulators.map(({ assignedWeight }) => assignedWeight).sort()).toEqual([120n, 30n, 60n, 90n]);
    expect(reports[3]!.header.setId).toBe(2);
  });

  it('keeps what a watcher saw who left, and judges the window by all who were assigned', () => {
    const fewer = { over: { set: { id: 2, seats: SMALL_SET.seats.slice(0, 3) } } };
    const reports = run([...all(0, 1), ...[2, 3].map((epoch) => ({ epoch, seats: [0, 1, 2], ...fewer }))]);
    const leaf = leafIn(reports[3]!, 4);
    expect(leaf.watchersAssigned).toBe(4);
    expect(leaf.samplesGood + leaf.samplesBad + leaf.samplesUnknown + leaf.samplesFault).toBe(2 * 24 + 2 * 18);
  });

  it('knows a watcher by its key: in another seat it is the same, another in its seat is not', () => {
    const [a, b, ...rest] = SMALL_SET.seats as [(typeof SMALL_SET.seats)[0], (typeof SMALL_SET.seats)[0]];
    const swapped = { id: 2, seats: [{ ...b, seat: 0 }, { ...a, seat: 1 }, ...rest] };
    const replaced = { id: 3, seats: [{ ...seatOfWorld(9, 10n), seat: 0 }, b, ...rest] };
    const [, second] = run([...all(0), { epoch: 1, seats: ALL_SEATS, over: { set: swapped } }]) as [Report, Report];
    expect(leafIn(second, 2).watchersAssigned).toBe(4);
    const [, other] = run([...all(0), { epoch: 1, seats: ALL_SEATS, over: { set: replaced } }]) as [Report, Report];
    expect(leafIn(other, 2).watchersAssigned).toBe(5);
  });

  it('still closes when its service was retired inside it, with the epochs that it had', () => {
    const retired = { over: { services: SMALL_SERVICES.slice(1) } };
    const reports = run([...all(0), ...[1, 2, 3].map((epoch) => ({ epoch, seats: ALL_SEATS, ...retired }))]);
    expect(leafIn(reports[1]!, 2)).toMatchObject({ epochsCounted: 1, epochsExpected: 2 });
    expect(leafIn(reports[3]!, 4)).toMatchObject({ epochsCounted: 1, epochsExpected: 4, conclusive: false });
    expect(closed(reports[2]!)).toEqual([]);
  });

  it('is inconclusive when the watchers that counted held half of the stake or less', () => {
    const verdict = (seats: readonly number[]) =>
      leafIn(run([0, 1].map((epoch) => ({ epoch, seats })))[1]!, 2).conclusive;
    expect(verdict([1, 2])).toBe(false);
    expect(verdict([0, 3])).toBe(false);
  });
});

describe('regions', () => {
  it('get a leaf each beside the global one, but not the undeclared', () => {
    const [report] = run(all(0)) as [Report];
    const vantages = report.leaves.filter(({ serviceId }) => toHex(serviceId) === toHex(SMALL_SERVICES[0]!.id));
    expect(vantages.map(({ vantage }) => vantage)).toEqual([0, 1, 2]);
  });

  it('are at most sixteen, those with the most stake, so that nobody can add leaves without end', () => {
    const stakes = Array.from({ length: 40 }, (_, i) => BigInt(100 - i));
    const set = setOfWorld(
      stakes,
      stakes.map((_, i) => 60_000 - i),
    );
    const context = contextOf(0, { set, services: SMALL_SERVICES.slice(0, 1) });
    const { leaves } = computeReport(GENESIS_STATE, context, []);
    expect(leaves.map(({ vantage }) => vantage)).toEqual([0, ...Array.from({ length: 16 }, (_, i) => 59_985 + i)]);
  });
});

describe('the state after a report', () => {
  it('gives the same reports, leaf by leaf, when it went through a snapshot', () => {
    const steps = [...all(0, 1, 2), { epoch: 4, seats: [1, 2, 3] }, ...all(5, 7)];
    const straight = run(steps);
    steps.forEach((_, i) => {
      const restored = decodeState(encodeState(straight[i]!.next), keyOf);
      const rest = run(steps.slice(i + 1), restored);
      expect(rest).toEqual(straight.slice(i + 1).map((report) => ({ ...report, next: expect.anything() })));
      rest.forEach((report, j) => {
        expect(encodeState(report.next)).toEqual(encodeState(straight[i + 1 + j]!.next));
      });
    });
  });

  it('does not depend on the order in which services were first seen', () => {
    const reversed = { over: { services: [...SMALL_SERVICES].reverse() } };
    const one = run([
      { epoch: 0, seats: [] },
      { epoch: 1, seats: [] },
    ]);
    const two = run([
      { epoch: 0, seats: [], ...reversed },
      { epoch: 1, seats: [], ...reversed },
    ]);
    expect(two.map(({ hash }) => toHex(hash))).toEqual(one.map(({ hash }) => toHex(hash)));
    expect(two.map(({ leaves }) => leaves)).toEqual(one.map(({ leaves }) => leaves));
  });
});
