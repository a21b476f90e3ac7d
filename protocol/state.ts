import { ByteVectorType, ContainerType, ListCompositeType } from '@chainsafe/ssz';
import { type Accumulator, AccumulatorSsz, fromFlat, openBytes, toFlat, type Window } from './accumulator.ts';
import { compareBytes, keccak, ZERO_BYTES32 } from './bytes.ts';
import { decodeExact } from './codec.ts';
import { errorMessage, PlumblineError } from './error.ts';
import { EMPTY_HISTORY, type History } from './history.ts';
import { ACCUMULATORS_MAX, CLOSED_MAX, WINDOW_WATCHERS_MAX } from './limits.ts';
import { LeafList, merkleRoot } from './root.ts';
import { U32, U64 } from './uint.ts';

/**
 * What the next report is computed from: the windows still open after the last report on chain, and the history.
 * `closedLeaves` are the hashes of the statistics that the last report closed; with them a snapshot proves itself
 * against the accumulatorRoot on chain.
 */
export type State = {
  /** Epoch of the last report, -1 before the first. */
  readonly epoch: number;
  /** Its hash, zero before the first. */
  readonly reportHash: Uint8Array;
  readonly windows: ReadonlyMap<string, Window>;
  readonly closedLeaves: readonly Uint8Array[];
  readonly history: History;
};

export const GENESIS_STATE: State = {
  epoch: -1,
  reportHash: ZERO_BYTES32,
  windows: new Map(),
  closedLeaves: [],
  history: EMPTY_HISTORY,
};

/**
 * accumulatorRoot of the header: hash of the root over the open accumulators and the root over the statistics of what
 * just closed. Two trees, because hashes do not tell what they are of: in one, a snapshot could pass an open
 * accumulator off as a closed one and so leave it out.
 */
export function accumulatorRoot(windows: Iterable<Window>, closedLeaves: readonly Uint8Array[]): Uint8Array {
  const open = [...windows];
  const leaves = new LeafList(open.reduce((sum, { accumulators }) => sum + accumulators.length, 0));
  for (const window of open) leaves.addAll(leavesOf(window));
  return keccak(merkleRoot(leaves), merkleRoot(LeafList.of(closedLeaves)));
}

/** Of windows that reports still hold: a window that nothing fed is the same object in the next state, and not hashed again. */
const hashed = new WeakMap<Window, LeafList>();

function leavesOf(window: Window): LeafList {
  const known = hashed.get(window);
  if (known) return known;
  const leaves = new LeafList(window.accumulators.length);
  for (const accumulator of window.accumulators) leaves.hash(openBytes(window, accumulator));
  hashed.set(window, leaves);
  return leaves;
}

const B32 = new ByteVectorType(32);
const WINDOWS_MAX = ACCUMULATORS_MAX;

export const WindowSsz = new ContainerType(
  {
    serviceId: B32,
    windowStart: U64,
    windowEpochs: U32,
    epochsCounted: U32,
    accumulators: new ListCompositeType(AccumulatorSsz, WINDOW_WATCHERS_MAX),
  },
  { typeName: 'Window' },
);

export const StateSsz = new ContainerType(
  {
    epoch: U64,
    reportHash: B32,
    windows: new ListCompositeType(WindowSsz, WINDOWS_MAX),
    closedLeaves: new ListCompositeType(B32, CLOSED_MAX),
    historyCount: U64,
    historyPeaks: new ListCompositeType(B32, 64),
  },
  { typeName: 'State' },
);

/** A snapshot larger than this is refused: 256 MiB hold the largest planned network. */
export const STATE_BYTES_MAX = 256 << 20;

/** @param state of an epoch >= 0; the genesis state needs no snapshot */
export function encodeState(state: State): Uint8Array {
  return StateSsz.serialize({
    epoch: state.epoch,
    reportHash: state.reportHash,
    windows: [...state.windows].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, w]) => flattenWindow(w)),
    closedLeaves: [...state.closedLeaves],
    historyCount: state.history.count,
    historyPeaks: [...state.history.peaks],
  });
}

function flattenWindow(window: Window) {
  return { ...window, accumulators: window.accumulators.map(toFlat) };
}

/** [reject] buckets ascend: the root is over sorted ones, so in any other order the bytes are not what it vouches for */
function readAccumulator(flat: Parameters<typeof fromFlat>[0]): Accumulator {
  try {
    return fromFlat(flat);
  } catch (error) {
    throw new PlumblineError('decode', `state: ${errorMessage(error)}`, {}, error);
  }
}

/** Only a decoding: whoever took it from a stranger compares accumulatorRoot and history with the chain. */
export function decodeState(bytes: Uint8Array, keyOf: (window: Window) => string): State {
  const flat = decodeExact('state', StateSsz, bytes, STATE_BYTES_MAX);
  const windows = flat.windows.map((w): Window => ({ ...w, accumulators: w.accumulators.map(readAccumulator) }));
  // [reject] every window has an accumulator: the root covers accumulators, so nothing vouches for an empty window
  if (windows.some(({ accumulators }) => accumulators.length === 0)) {
    throw new PlumblineError('decode', 'state: a window without accumulators, which no root covers');
  }
  // [reject] windows and watchers ascend: out of order or named twice they would be another encoding of one state
  if (!ascends(windows.map(keyOf)) || !windows.every(isOrdered)) {
    throw new PlumblineError('decode', 'state: windows or watchers are out of order or named twice');
  }
  return {
    epoch: flat.epoch,
    reportHash: flat.reportHash,
    windows: new Map(windows.map((window) => [keyOf(window), window])),
    closedLeaves: flat.closedLeaves,
    history: { count: flat.historyCount, peaks: flat.historyPeaks },
  };
}

function isOrdered({ accumulators }: Window): boolean {
  return accumulators.every((a, i) => i === 0 || compareBytes(accumulators[i - 1]!.watcher, a.watcher) < 0);
}

function ascends(keys: readonly string[]): boolean {
  return keys.every((key, i) => i === 0 || keys[i - 1]! < key);
}
