import { addSample, type Draft, emptyAccumulator, type Window } from './accumulator.ts';
import { type Assignment, assignedTo, everyone, tailThreshold } from './assigned.ts';
import type { Batch } from './batch.ts';
import { bitmapOf } from './bitmap.ts';
import { compareBytes, equalBytes, toHex } from './bytes.ts';
import { PlumblineError } from './error.ts';
import { type Header, reportHash } from './header.ts';
import { appendHistory, historyRoot } from './history.ts';
import { type Leaf, leafHash, leafOf } from './leaf.ts';
import { REGIONS_MAX, WHOLE_SET_MAX } from './limits.ts';
import { merkleTree } from './merkle.ts';
import { batchesRoot, checkObservations, type Observation } from './observation.ts';
import { type Parameters, parametersId } from './parameters.ts';
import type { Service } from './service.ts';
import { seatAt, type WatcherSet } from './set.ts';
import { accumulatorRoot, type State } from './state.ts';
import { statisticsLeaf, statisticsOf, type WatcherStatistics } from './statistics.ts';
import { addToWindow, closeWindows } from './windows.ts';

/** Everything that the report of an epoch depends on, alike for every honest node. */
export type EpochContext = {
  readonly epoch: number;
  readonly set: WatcherSet;
  readonly services: readonly Service[];
  readonly parameters: Parameters;
  readonly anchor: { readonly number: number; readonly hash: Uint8Array };
  /** Who measures what; by default every seat of the set everything, which only a set of at most WHOLE_SET_MAX may do untold. */
  readonly assignment?: Assignment;
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
 * state's, a batch is of no seat of the set, or a set above WHOLE_SET_MAX comes without its assignment
 */
export function computeReport(state: State, context: EpochContext, counted: readonly Counted[]): Report {
  checkCounted(state, context, counted);
  const windows = addEpoch(state, context, counted);
  const closing = closeWindows(windows, context.epoch, context.parameters.windowEpochs).sort(compareWindows);
  const { leaves, closedLeaves } = close(closing, context);
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

function checkCounted(
  { epoch: last }: State,
  { epoch, set, assignment }: EpochContext,
  counted: readonly Counted[],
): void {
  // [reject] the epoch is after the state's: adding one twice would count its samples twice
  if (!Number.isSafeInteger(epoch) || epoch <= last) {
    throw new PlumblineError('report', `epoch ${epoch} is not after epoch ${last}, which the state already holds`);
  }
  // [reject] a set that may have committees comes with them: guessed, the whole set would have to answer for each service
  if (!assignment && set.seats.length > WHOLE_SET_MAX) {
    throw new PlumblineError('report', `set ${set.id} has ${set.seats.length} seats: name its assignment`);
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

/** The windows with this epoch's own beside them. The old state stays untouched. */
function addEpoch(state: State, context: EpochContext, counted: readonly Counted[]): Map<string, Window> {
  const windows = new Map(state.windows);
  const shares = sharesOf(context, counted);
  context.services.forEach(({ id: serviceId }, index) => {
    const accumulators = shares[index]!;
    // Nobody was asked to look, so this epoch says nothing of the service; and no root covers a window without accumulators.
    if (accumulators.length === 0) return;
    addToWindow(windows, { serviceId, windowStart: context.epoch, windowEpochs: 1, epochsCounted: 1, accumulators });
  });
  return windows;
}

/**
 * By service, and by assigned watcher in ascending order: its share of the epoch. Who is assigned and brought no batch has a share too: it is absent.
 */
function sharesOf({ services, set, assignment }: EpochContext, counted: readonly Counted[]): Draft[][] {
  const batches = new Map<string, Batch>(counted.map(({ batch }) => [toHex(batch.watcher), batch]));
  const byWatcher = new Map<string, (Draft | undefined)[]>(
    [...batches.keys()].map((name) => [name, new Array(services.length)]),
  );
  const shares = services.map((service, index) =>
    assignedTo(assignment ?? everyone(set), service).map(({ watcher, name, region, weight }) => {
      const share = emptyAccumulator(watcher, region);
      share.assignedWeight = weight;
      const own = byWatcher.get(name);
      if (!own) return share;
      share.countedWeight = weight;
      share.epochsCounted = 1;
      own[index] = share;
      return share;
    }),
  );
  for (const [name, batch] of batches) {
    const own = byWatcher.get(name)!;
    for (const sample of batch.samples) {
      const share = own[sample.service];
      if (share) addSample(share, sample);
    }
  }
  return shares;
}

function close(windows: readonly Window[], context: EpochContext): { leaves: Leaf[]; closedLeaves: Uint8Array[] } {
  const leaves: Leaf[] = [];
  const closedLeaves: Uint8Array[] = [];
  for (const window of windows) {
    const statistics = window.accumulators.map((a, _, { length }) => statisticsOf(a, context.parameters, length));
    const threshold = tailThreshold(context.assignment ?? everyone(context.set), window.windowStart);
    for (const one of statistics) closedLeaves.push(statisticsLeaf(window, one));
    for (const vantage of [0, ...regionsOf(statistics)]) {
      leaves.push(leafOf(window, vantage, statistics, context.parameters, threshold));
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
