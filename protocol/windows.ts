import { type Accumulator, mergeAccumulators, type Window, windowKey } from './accumulator.ts';
import { compareBytes } from './bytes.ts';

/**
 * Windows nest: an epoch lies in an hour, an hour in a day, and what a window holds passes into the longer ones when it
 * closes, not before. So a report rewrites and hashes anew only what closed and what that feeds, not 30 days every minute.
 * docs/decisions/0010-nested-windows.md
 */

/**
 * Takes out the windows that end with the epoch or before it, shortest first: one that closes in the same report as another
 * inside it holds all of it.
 * @param windows open ones, among them the epoch's own, of length 1; changed in place
 * @param lengths of settlement windows in epochs, 0 = unused
 */
export function closeWindows(windows: Map<string, Window>, epoch: number, lengths: readonly number[]): Window[] {
  const feeds = feedsOf(lengths);
  const open = [...windows.values()].map(({ windowEpochs }) => windowEpochs);
  const closed: Window[] = [];
  for (const length of ascending([...open, ...lengths])) {
    // Feeding opens windows meanwhile; all of them are longer than this.
    for (const [key, window] of windows) {
      if (window.windowEpochs !== length || window.windowStart + length > epoch + 1) continue;
      windows.delete(key);
      closed.push(window);
      for (const windowEpochs of feeds.get(length) ?? []) {
        const windowStart = window.windowStart - (window.windowStart % windowEpochs);
        addToWindow(windows, { ...window, windowStart, windowEpochs });
      }
    }
  }
  return closed;
}

/**
 * By length, the lengths that it feeds. Each is fed by the longest one that divides it, and by that one alone, so it takes in
 * every epoch once; windows are aligned, so whatever divides it does not straddle it.
 */
function feedsOf(lengths: readonly number[]): ReadonlyMap<number, readonly number[]> {
  const all = ascending([1, ...lengths]);
  const feeds = new Map<number, number[]>(all.map((length) => [length, []]));
  for (const length of all.slice(1)) {
    const source = all.findLast((shorter) => shorter < length && length % shorter === 0)!;
    feeds.get(source)!.push(length);
  }
  return feeds;
}

function ascending(lengths: readonly number[]): number[] {
  return [...new Set(lengths)].filter((length) => length > 0).sort((a, b) => a - b);
}

/** Adds what was counted in a part of a window to it, or opens it with that. Neither is changed. */
export function addToWindow(windows: Map<string, Window>, part: Window): void {
  const key = windowKey(part.serviceId, part.windowStart, part.windowEpochs);
  const open = windows.get(key);
  windows.set(key, {
    ...part,
    epochsCounted: (open?.epochsCounted ?? 0) + part.epochsCounted,
    accumulators: addWatchers(open?.accumulators ?? [], part.accumulators),
  });
}

/** Both lists ascend by watcher; whoever is in both is merged. A seat that changed hands leaves its former watcher in. */
function addWatchers(open: readonly Accumulator[], added: readonly Accumulator[]): Accumulator[] {
  const all: Accumulator[] = [];
  let [i, j] = [0, 0];
  while (i < open.length && j < added.length) {
    const order = compareBytes(open[i]!.watcher, added[j]!.watcher);
    if (order < 0) all.push(open[i++]!);
    else if (order > 0) all.push(added[j++]!);
    else all.push(mergeAccumulators(open[i++]!, added[j++]!));
  }
  return [...all, ...open.slice(i), ...added.slice(j)];
}
