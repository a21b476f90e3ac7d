import { ByteVectorType, ContainerType, ListCompositeType } from '@chainsafe/ssz';
import { keccak } from './bytes.ts';
import { addToHistogram, bucketOf, type Histogram, INFINITE_BUCKET } from './histogram.ts';
import { HISTOGRAM_BUCKETS_MAX } from './limits.ts';
import { ABSENT_BURST, ABSENT_MICROS, OUTCOME, type Sample } from './sample.ts';
import { U16, U32, U64, U256 } from './uint.ts';

/**
 * What one watcher saw of one service in one window, added up. Nothing is voted per probe or per epoch; statistics are
 * taken from here, per watcher, when the window closes.
 */
export type Accumulator = {
  watcher: Uint8Array;
  region: number;
  /** Effective stake summed over the epochs in which the watcher was assigned, and over those that counted. */
  assignedWeight: bigint;
  countedWeight: bigint;
  epochsCounted: number;
  good: number;
  bad: number;
  unknown: number;
  fault: number;
  latency: Map<number, number>;
  finality: Map<number, number>;
  headLag: Map<number, number>;
  burstsMet: number;
  bursts: number;
  correct: number;
  checked: number;
  minRttMicros: number;
};

/** (service, aligned window) and the accumulators of every watcher that was assigned to it. */
export type Window = {
  serviceId: Uint8Array;
  windowStart: number;
  windowEpochs: number;
  epochsCounted: number;
  /** Ascending by watcher. */
  accumulators: Accumulator[];
};

const BucketSsz = new ContainerType({ bucket: U16, count: U32 }, { typeName: 'Bucket' });
const HistogramSsz = new ListCompositeType(BucketSsz, HISTOGRAM_BUCKETS_MAX);

export const AccumulatorSsz = new ContainerType(
  {
    watcher: new ByteVectorType(32),
    region: U16,
    assignedWeight: U256,
    countedWeight: U256,
    epochsCounted: U32,
    good: U32,
    bad: U32,
    unknown: U32,
    fault: U32,
    latency: HistogramSsz,
    finality: HistogramSsz,
    headLag: HistogramSsz,
    burstsMet: U32,
    bursts: U32,
    correct: U32,
    checked: U32,
    minRttMicros: U32,
  },
  { typeName: 'Accumulator' },
);

type Flat = ReturnType<typeof AccumulatorSsz.defaultValue>;

function flatten(histogram: Histogram): { bucket: number; count: number }[] {
  return [...histogram].sort((a, b) => a[0] - b[0]).map(([bucket, count]) => ({ bucket, count }));
}

export function toFlat(accumulator: Accumulator): Flat {
  const { latency, finality, headLag, ...rest } = accumulator;
  return { ...rest, latency: flatten(latency), finality: flatten(finality), headLag: flatten(headLag) };
}

export function fromFlat(flat: Flat): Accumulator {
  const map = (list: Flat['latency']) => new Map(list.map(({ bucket, count }) => [bucket, count]));
  return { ...flat, latency: map(flat.latency), finality: map(flat.finality), headLag: map(flat.headLag) };
}

export function emptyAccumulator(watcher: Uint8Array, region: number): Accumulator {
  return {
    watcher,
    region,
    assignedWeight: 0n,
    countedWeight: 0n,
    epochsCounted: 0,
    good: 0,
    bad: 0,
    unknown: 0,
    fault: 0,
    latency: new Map(),
    finality: new Map(),
    headLag: new Map(),
    burstsMet: 0,
    bursts: 0,
    correct: 0,
    checked: 0,
    minRttMicros: ABSENT_MICROS,
  };
}

export function copyAccumulator(a: Accumulator): Accumulator {
  return { ...a, latency: new Map(a.latency), finality: new Map(a.finality), headLag: new Map(a.headLag) };
}

/**
 * Adds one sample in place. A bad answer has infinite latency: an answer that fails its assertion was not given, and
 * dropping it would let quick errors improve a tail. A stall shortens the time, which favours the provider.
 */
export function addSample(into: Accumulator, sample: Sample): void {
  if (sample.outcome === OUTCOME.unknown) into.unknown++;
  else if (sample.outcome === OUTCOME.watcherFault) into.fault++;
  else if (sample.outcome === OUTCOME.bad) {
    into.bad++;
    addToHistogram(into.latency, INFINITE_BUCKET);
  } else {
    into.good++;
    addToHistogram(into.latency, bucketOf(Math.max(0, sample.totalMicros - sample.stallMicros)));
    if (sample.connectMicros !== ABSENT_MICROS) into.minRttMicros = Math.min(into.minRttMicros, sample.connectMicros);
    if (sample.headLag !== ABSENT_MICROS) addToHistogram(into.headLag, bucketOf(sample.headLag));
    if (sample.finalityMicros !== ABSENT_MICROS) addToHistogram(into.finality, bucketOf(sample.finalityMicros));
  }
  if (sample.burst !== ABSENT_BURST && sample.outcome <= OUTCOME.bad) {
    into.bursts++;
    if (sample.burst === 1) into.burstsMet++;
  }
}

const OPEN = Uint8Array.of(0);
const WindowKeySsz = new ContainerType(
  { serviceId: new ByteVectorType(32), windowStart: U64, windowEpochs: U32, epochsCounted: U32 },
  { typeName: 'WindowKey' },
);

/** Merkle leaf of one open accumulator; a zero byte tells it from the statistics of closed windows. */
export function accumulatorLeaf(window: Window, accumulator: Accumulator): Uint8Array {
  return keccak(keccak(OPEN, WindowKeySsz.serialize(window), AccumulatorSsz.serialize(toFlat(accumulator))));
}

export function windowKey(serviceId: Uint8Array, windowStart: number, windowEpochs: number): string {
  return `${Buffer.from(serviceId).toString('hex')}/${windowEpochs}/${windowStart}`;
}
