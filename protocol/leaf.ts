import { encodeAbiParameters, parseAbiParameters } from 'viem';
import type { Window } from './accumulator.ts';
import type { Bounded } from './bounds.ts';
import { fromHex, type Hex, keccakTwice, toHex } from './bytes.ts';
import { combineBounded, THIRD, type Threshold, weightedSpread } from './combine.ts';
import { higherIsBetter, METRIC, METRIC_COUNT } from './metric.ts';
import type { Parameters } from './parameters.ts';
import type { WatcherStatistics } from './statistics.ts';

export const STAT = { absent: 0, insufficient: 1, present: 2 } as const;

/** One metric of a leaf: the two combined values, each with one-sided 95 % bounds. */
export type Stat = { readonly status: number; readonly median: Bounded; readonly tail: Bounded };

/** What a contract can prove about (service, window, vantage). */
export type Leaf = {
  serviceId: Uint8Array;
  windowStart: number;
  windowEpochs: number;
  /** 0 = all watchers, else one declared region. */
  vantage: number;
  conclusive: boolean;
  epochsExpected: number;
  epochsCounted: number;
  watchersAssigned: number;
  watchersValid: number;
  samplesGood: number;
  samplesBad: number;
  samplesUnknown: number;
  samplesFault: number;
  dispersionAvailabilityPpm: number;
  dispersionLatencyP50Micros: number;
  /** By METRIC. */
  stats: Stat[];
};

const ZERO: Bounded = { value: 0, lower: 0, upper: 0 };
const U40 = 1n << 40n;

/**
 * status | median | lower | upper | tail | lower | upper | zero byte: 1 + 6·5 + 1 = 32 bytes.
 * @throws RangeError when a field is not an integer of 40 bits: it would spill into its neighbour
 */
export function packStat({ status, median, tail }: Stat): bigint {
  if (!Object.values(STAT).some((known) => known === status)) throw new RangeError(`not a stat status: ${status}`);
  let word = BigInt(status);
  for (const n of [median.value, median.lower, median.upper, tail.value, tail.lower, tail.upper]) {
    if (!Number.isInteger(n) || n < 0 || n >= 2 ** 40) throw new RangeError(`not an integer of 40 bits: ${n}`);
    word = word * U40 + BigInt(n);
  }
  return word << 8n;
}

/** The inverse of packStat. @throws RangeError when the last byte is not zero or the status is unknown */
export function unpackStat(word: bigint): Stat {
  if (word < 0n || (word & 0xffn) !== 0n || word >> 248n > 2n) throw new RangeError('not a stat word');
  const field = (i: number) => Number((word >> BigInt(8 + 40 * (5 - i))) & (U40 - 1n));
  return {
    status: Number(word >> 248n),
    median: { value: field(0), lower: field(1), upper: field(2) },
    tail: { value: field(3), lower: field(4), upper: field(5) },
  };
}

export type AbiLeaf = ReturnType<typeof leafToAbi>;

export function leafToAbi(leaf: Leaf) {
  return {
    serviceId: toHex(leaf.serviceId),
    windowStart: BigInt(leaf.windowStart),
    windowEpochs: leaf.windowEpochs,
    vantage: leaf.vantage,
    conclusive: leaf.conclusive,
    epochsExpected: leaf.epochsExpected,
    epochsCounted: leaf.epochsCounted,
    watchersAssigned: leaf.watchersAssigned,
    watchersValid: leaf.watchersValid,
    samplesGood: BigInt(leaf.samplesGood),
    samplesBad: BigInt(leaf.samplesBad),
    samplesUnknown: BigInt(leaf.samplesUnknown),
    samplesFault: BigInt(leaf.samplesFault),
    dispersionAvailabilityPpm: leaf.dispersionAvailabilityPpm,
    dispersionLatencyP50Micros: leaf.dispersionLatencyP50Micros,
    stats: leaf.stats.map(packStat) as unknown as Twelve,
  };
}

type Twelve = readonly [bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint];

/** abi.encode of the contracts' Leaf struct. */
export const LEAF_ABI = parseAbiParameters(
  '(bytes32 serviceId,uint64 windowStart,uint32 windowEpochs,uint16 vantage,bool conclusive,uint32 epochsExpected,' +
    'uint32 epochsCounted,uint16 watchersAssigned,uint16 watchersValid,uint64 samplesGood,uint64 samplesBad,' +
    'uint64 samplesUnknown,uint64 samplesFault,uint40 dispersionAvailabilityPpm,uint40 dispersionLatencyP50Micros,' +
    'uint256[12] stats)',
);

/** @throws RangeError beyond the integers that a number holds exactly: rounded, it would be another leaf */
function exact(n: bigint): number {
  if (n > BigInt(Number.MAX_SAFE_INTEGER)) throw new RangeError(`${n} is beyond the integers that a number holds`);
  return Number(n);
}

/** The inverse of leafToAbi; takes what viem decodes. @throws RangeError for what no leaf of ours says */
export function leafFromAbi(leaf: AbiLeaf): Leaf {
  return {
    ...leaf,
    serviceId: fromHex(leaf.serviceId),
    windowStart: exact(leaf.windowStart),
    samplesGood: exact(leaf.samplesGood),
    samplesBad: exact(leaf.samplesBad),
    samplesUnknown: exact(leaf.samplesUnknown),
    samplesFault: exact(leaf.samplesFault),
    stats: leaf.stats.map(unpackStat),
  };
}

export function encodeLeaf(leaf: Leaf): Hex {
  return encodeAbiParameters(LEAF_ABI, [leafToAbi(leaf)]);
}

/** Double hash, as OpenZeppelin's tree: no inner node can pass for a leaf. */
export function leafHash(leaf: Leaf): Uint8Array {
  return keccakTwice(fromHex(encodeLeaf(leaf)));
}

/** @param all every assigned watcher: what only invalid ones measured is insufficient, and not absent */
function statOf(
  metric: number,
  watchers: readonly WatcherStatistics[],
  all: readonly WatcherStatistics[],
  assigned: bigint,
  threshold: Threshold,
): Stat {
  const better = higherIsBetter(metric);
  const values = watchers.flatMap((watcher) => {
    const value = watcher.metrics[metric]!;
    return typeof value === 'string' ? [] : [{ value, weight: watcher.countedWeight }];
  });
  const weight = values.reduce((sum, v) => sum + v.weight, 0n);
  if (2n * weight <= assigned) {
    const measured = all.some((watcher) => watcher.metrics[metric] !== 'absent');
    return { status: measured ? STAT.insufficient : STAT.absent, median: ZERO, tail: ZERO };
  }
  const { median, tail } = combineBounded(values, assigned, better, threshold);
  return { status: STAT.present, median: median ?? ZERO, tail: tail ?? ZERO };
}

function spreadOf(metric: number, watchers: readonly WatcherStatistics[]): number {
  return weightedSpread(
    watchers.flatMap(({ metrics, countedWeight }) => {
      const value = metrics[metric]!;
      return typeof value === 'string' ? [] : [{ value: value.value, weight: countedWeight }];
    }),
  );
}

/**
 * Combines the watchers' statistics of one closed window into its leaf for one vantage. Conclusive when valid
 * watchers hold more than half of the assigned stake and enough epochs counted; neither less than a third of the
 * watchers nor a provider can then force `inconclusive`.
 * @param threshold the part of the assigned stake beyond which the tail is read; below 1/2
 */
export function leafOf(
  window: Window,
  vantage: number,
  all: readonly WatcherStatistics[],
  parameters: Parameters,
  threshold = THIRD,
): Leaf {
  const assignedWatchers = all.filter(({ region }) => vantage === 0 || region === vantage);
  const assigned = assignedWatchers.reduce((sum, { assignedWeight }) => sum + assignedWeight, 0n);
  const valid = assignedWatchers.filter((watcher) => watcher.valid);
  const validWeight = valid.reduce((sum, { countedWeight }) => sum + countedWeight, 0n);
  const count = (outcome: 'good' | 'bad' | 'unknown' | 'fault') =>
    assignedWatchers.reduce((sum, { samples }) => sum + samples[outcome], 0);
  const enoughEpochs = window.epochsCounted * 1_000_000 >= window.windowEpochs * parameters.minEpochsPpm;
  return {
    serviceId: window.serviceId,
    windowStart: window.windowStart,
    windowEpochs: window.windowEpochs,
    vantage,
    conclusive: enoughEpochs && 2n * validWeight > assigned,
    epochsExpected: window.windowEpochs,
    epochsCounted: window.epochsCounted,
    watchersAssigned: assignedWatchers.length,
    watchersValid: valid.length,
    samplesGood: count('good'),
    samplesBad: count('bad'),
    samplesUnknown: count('unknown'),
    samplesFault: count('fault'),
    dispersionAvailabilityPpm: spreadOf(METRIC.availabilityPpm, valid),
    dispersionLatencyP50Micros: spreadOf(METRIC.latencyP50Micros, valid),
    stats: Array.from({ length: METRIC_COUNT }, (_, metric) =>
      statOf(metric, valid, assignedWatchers, assigned, threshold),
    ),
  };
}
