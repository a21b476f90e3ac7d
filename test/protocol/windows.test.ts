import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addSample, emptyAccumulator, mergeAccumulators, type Window, windowKey } from '../../protocol/accumulator.ts';
import { emptySample, OUTCOME } from '../../protocol/sample.ts';
import { addToWindow, closeWindows } from '../../protocol/windows.ts';
import { drawn, drawnBelow } from '../../scripts/vectors/world.ts';

const SERVICE = drawn('service');
const WATCHERS = [0, 1, 2].map((i) => drawn('watcher', i)).sort(Buffer.compare);

/** An epoch's own window: whoever looked, a few samples each, drawn from the epoch's number. */
function epochWindow(epoch: number): Window {
  const present = WATCHERS.filter((_, i) => i === epoch % 3 || drawnBelow(3, 'present', epoch, i) > 0);
  const accumulators = present.map((watcher, i) => {
    const one = emptyAccumulator(watcher, 1 + i);
    one.assignedWeight = 10n;
    one.countedWeight = 10n;
    one.epochsCounted = 1;
    for (let n = 0; n < 3; n++) {
      addSample(one, { ...emptySample(0, n, OUTCOME.good, 0), totalMicros: drawnBelow(100_000, 'time', epoch, i, n) });
    }
    return one;
  });
  return { serviceId: SERVICE, windowStart: epoch, windowEpochs: 1, epochsCounted: 1, accumulators };
}

/** What a window holds if every epoch in it is added to it one by one. */
function direct(epochs: readonly number[], windowStart: number, windowEpochs: number): Window {
  const inside = epochs.filter((epoch) => epoch >= windowStart && epoch < windowStart + windowEpochs).map(epochWindow);
  const accumulators = WATCHERS.flatMap((watcher) => {
    const own = inside.flatMap((w) => w.accumulators.filter((one) => one.watcher === watcher));
    return own.length === 0 ? [] : [own.reduce(mergeAccumulators)];
  });
  return { serviceId: SERVICE, windowStart, windowEpochs, epochsCounted: inside.length, accumulators };
}

/** The windows that close, by the epoch whose report closes them. */
function run(epochs: readonly number[], lengths: readonly number[]): Window[][] {
  const windows = new Map<string, Window>();
  return epochs.map((epoch) => {
    addToWindow(windows, epochWindow(epoch));
    return closeWindows(windows, epoch, lengths);
  });
}

const LENGTHS = fc.uniqueArray(fc.integer({ min: 0, max: 24 }), { minLength: 1, maxLength: 4 });
const GAPS = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 30 });

describe('nested windows', () => {
  it('hold at their end what they would hold if every epoch had been added to each of them', () => {
    fc.assert(
      fc.property(LENGTHS, GAPS, (lengths, gaps) => {
        let last = -1;
        const epochs = gaps.map((gap) => (last += gap));
        const closed = run(epochs, lengths);
        const listed = [...new Set([1, ...lengths.filter((length) => length > 0)])];
        epochs.forEach((epoch, i) => {
          const before = epochs[i - 1] ?? -1;
          const due = listed.flatMap((length) => {
            const starts = new Set(epochs.slice(0, i + 1).map((e) => e - (e % length)));
            return [...starts]
              .filter((start) => start + length <= epoch + 1 && (start + length > before + 1 || start > before))
              .map((start) => direct(epochs, start, length));
          });
          const sorted = (some: readonly Window[]) =>
            [...some].sort((a, b) => a.windowEpochs - b.windowEpochs || a.windowStart - b.windowStart);
          expect(sorted(closed[i]!)).toEqual(sorted(due));
        });
      }),
      { numRuns: 200 },
    );
  });

  it('close shortest first, so that what ends together holds all of it', () => {
    const closed = run([0, 1, 2, 3], [2, 4]);
    expect(closed[3]!.map(({ windowEpochs, epochsCounted }) => [windowEpochs, epochsCounted])).toEqual([
      [1, 1],
      [2, 2],
      [4, 4],
    ]);
  });

  it('are fed by one source each: of 2, 3 and 6 epochs the longest takes in no epoch twice', () => {
    const [, , , , , sixth] = run([0, 1, 2, 3, 4, 5], [2, 3, 6]);
    expect(sixth!.find(({ windowEpochs }) => windowEpochs === 6)!.epochsCounted).toBe(6);
  });

  it('leave what they are fed with unchanged', () => {
    const windows = new Map<string, Window>();
    addToWindow(windows, direct([0, 1], 0, 4));
    const key = windowKey(SERVICE, 0, 4);
    const before = structuredClone(windows.get(key)!);
    const old = windows.get(key)!;
    addToWindow(windows, { ...epochWindow(2), windowStart: 0, windowEpochs: 4 });
    expect(old).toEqual(before);
    expect(windows.get(key)!.epochsCounted).toBe(3);
  });
});
