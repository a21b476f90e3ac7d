import {
  type Accumulator,
  addSample,
  copyAccumulator,
  emptyAccumulator,
  type Window,
  windowKey,
} from './accumulator.ts';
import type { Batch } from './batch.ts';
import { bitmapOf } from './bitmap.ts';
import { compareBytes, equalBytes } from './bytes.ts';
import { PlumblineError } from './error.ts';
import { type Header, reportHash } from './header.ts';
import { appendHistory, historyRoot } from './history.ts';
import { type Leaf, leafHash, leafOf } from './leaf.ts';
import { REGIONS_MAX } from './limits.ts';
import { merkleTree } from './merkle.ts';
import { batchesRoot, checkObservations, type Observation } from './observation.ts';
import { type Parameters, parametersId } from './parameters.ts';
import type { Sample } from './sample.ts';
import type { Service } from './service.ts';
import { seatAt, type WatcherSet } from './set.ts';
import { accumulatorRoot, type State } from './state.ts';
import { statisticsLeaf, statisticsOf, type WatcherStatistics } from './statistics.ts';

/** Everything that the report of an epoch depends on, alike for every honest node. */
export type EpochContext = {
  readonly epoch: number;
  readonly set: WatcherSet;
  readonly services: readonly Service[];
  readonly parameters: Parameters;
  readonly anchor: { readonly number: number; readonly hash: Uint8Array };
};

/** A batch that counts, with the seat that made it. */
export type Counted = { readonly observation: Observation; readonly batch: Batch };

export type Report = {
  readonly header: Header;
  readonly hash: Uint8Array;
  /** Order fixed by service, window length, vantage; the tree sorts by hash. */
  readonly leaves: readonly Leaf[];
  /** The state that the next report builds on, once this one is on chain. */
  readonly next: State;
};

/**
 * The report is a pure function of (state after the last report, counted batches, context).
 * @throws PlumblineError `observations` unless seats are strictly ascending; `report` when the epoch is not after the
 * state's or a batch is of no seat of the set
 */
export function computeReport(state: State, context: EpochContext, counted: readonly Counted[]): Report {
  checkCounted(state, context, counted);
  const windows = addEpoch(state, context, counted);
  const closing = [...windows.values()]
    .filter((w) => w.windowStart + w.windowEpochs <= context.epoch + 1)
    .sort(compareWindows);
  const { leaves, closedLeaves } = close(closing, context);
  for (const w of closing) windows.delete(windowKey(w.serviceId, w.windowStart, w.windowEpochs));
  const observations = counted.map(({ observation }) => observation);
  const [countedLow, countedHigh] = bitmapOf(observations.map(({ seat }) => seat));
  const header: Header = {
    protocolVersion: context.parameters.protocolVersion,
    epoch: context.epoch,
    setId: context.set.id,
    parametersId: parametersId(context.parameters),
    previous: state.reportHash,
    resultsRoot: merkleTree(leaves.map(leafHash)).root,
    batchesRoot: batchesRoot(observations),
    countedLow,
    countedHigh,
    accumulatorRoot: accumulatorRoot(windows.values(), closedLeaves),
    historyRoot: historyRoot(state.history),
    anchorNumber: context.anchor.number,
    anchorHash: context.anchor.hash,
  };
  const hash = reportHash(header);
  const history = appendHistory(state.history, hash);
  return { header, hash, leaves, next: { epoch: context.epoch, reportHash: hash, windows, closedLeaves, history } };
}

function checkCounted({ epoch: last }: State, { epoch, set }: EpochContext, counted: readonly Counted[]): void {
  // [reject] the epoch is after the state's: adding one twice would count its samples twice
  if (!Number.isSafeInteger(epoch) || epoch <= last) {
    throw new PlumblineError('report', `epoch ${epoch} is not after epoch ${last}, which the state already holds`);
  }
  checkObservations(counted.map(({ observation }) => observation));
  for (const { observation, batch } of counted) {
    const watcher = seatAt(set, observation.seat)?.watcher;
    // [reject] the seat is in the set, and observation and batch name the watcher who holds it
    if (!watcher || !equalBytes(watcher, observation.watcher) || !equalBytes(watcher, batch.watcher)) {
      throw new PlumblineError(
        'report',
        `the batch of seat ${observation.seat} is not of the watcher in set ${set.id}`,
      );
    }
  }
}

/** By service, length, start. A state read from a snapshot lists its windows in another order than the one that wrote it. */
function compareWindows(a: Window, b: Window): number {
  return compareBytes(a.serviceId, b.serviceId) || a.windowEpochs - b.windowEpochs || a.windowStart - b.windowStart;
}

/** Copies the open windows and adds this epoch's samples to those that contain it. The old state stays untouched. */
function addEpoch(state: State, context: EpochContext, counted: readonly Counted[]): Map<string, Window> {
  const windows = new Map(state.windows);
  // A settlement window of one epoch is the epoch's own leaf: it must not be added to twice.
  const lengths = new Set([1, ...context.parameters.windowEpochs.filter((length) => length > 0)]);
  const bySeat = new Map(
    counted.map(({ observation, batch }) => [observation.seat, Map.groupBy(batch.samples, (s) => s.service)]),
  );
  context.services.forEach((service, index) => {
    const samples = new Map<number, readonly Sample[]>();
    for (const [seat, byService] of bySeat) samples.set(seat, byService.get(index) ?? []);
    for (const windowEpochs of lengths) {
      const windowStart = context.epoch - (context.epoch % windowEpochs);
      const key = windowKey(service.id, windowStart, windowEpochs);
      const open = windows.get(key);
      windows.set(key, {
        serviceId: service.id,
        windowStart,
        windowEpochs,
        epochsCounted: (open?.epochsCounted ?? 0) + 1,
        accumulators: addWatchers(open?.accumulators ?? [], context.set, samples),
      });
    }
  });
  return windows;
}

function addWatchers(
  open: readonly Accumulator[],
  set: WatcherSet,
  samples: ReadonlyMap<number, readonly Sample[]>,
): Accumulator[] {
  const byWatcher = new Map(open.map((a) => [Buffer.from(a.watcher).toString('hex'), copyAccumulator(a)]));
  for (const seat of set.seats) {
    const name = Buffer.from(seat.watcher).toString('hex');
    const accumulator = byWatcher.get(name) ?? emptyAccumulator(seat.watcher, seat.region);
    byWatcher.set(name, accumulator);
    accumulator.assignedWeight += seat.stake;
    const own = samples.get(seat.seat);
    if (!own) continue;
    accumulator.countedWeight += seat.stake;
    accumulator.epochsCounted++;
    for (const sample of own) addSample(accumulator, sample);
  }
  return [...byWatcher.values()].sort((a, b) => compareBytes(a.watcher, b.watcher));
}

function close(windows: readonly Window[], context: EpochContext): { leaves: Leaf[]; closedLeaves: Uint8Array[] } {
  const leaves: Leaf[] = [];
  const closedLeaves: Uint8Array[] = [];
  for (const window of windows) {
    const statistics = window.accumulators.map((a) => statisticsOf(a, context.parameters));
    for (const one of statistics) closedLeaves.push(statisticsLeaf(window, one));
    for (const vantage of [0, ...regionsOf(statistics)]) {
      leaves.push(leafOf(window, vantage, statistics, context.parameters));
    }
  }
  return { leaves, closedLeaves };
}

/** The declared regions with the most assigned stake, ascending by number; the rest count in the global leaf alone. */
function regionsOf(statistics: readonly WatcherStatistics[]): number[] {
  const stakes = new Map<number, bigint>();
  for (const { region, assignedWeight } of statistics) {
    if (region !== 0) stakes.set(region, (stakes.get(region) ?? 0n) + assignedWeight);
  }
  const byStake = [...stakes].sort(([a, x], [b, y]) => (x === y ? a - b : x > y ? -1 : 1));
  return byStake
    .slice(0, REGIONS_MAX)
    .map(([region]) => region)
    .sort((a, b) => a - b);
}
