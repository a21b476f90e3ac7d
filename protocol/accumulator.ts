import { ByteVectorType, ContainerType, ListCompositeType } from '@chainsafe/ssz';
import { keccakTwice } from './bytes.ts';
import {
  addToHistogram,
  bucketOf,
  bucketsOf,
  type Histogram,
  histogramOfBuckets,
  INFINITE_BUCKET,
  mergeHistograms,
} from './histogram.ts';
import { HISTOGRAM_BUCKETS_MAX } from './limits.ts';
import { REASON } from './reason.ts';
import { ABSENT_BURST, ABSENT_MICROS, OUTCOME, type Sample } from './sample.ts';
import { U16, U32, U64, U256 } from './uint.ts';
import { Writer } from './writer.ts';

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
  /** Good and bad ones during which the watcher's own event loop stood still for STALLED_MICROS_MIN or longer. */
  stalled: number;
  latency: Histogram;
  finality: Histogram;
  headLag: Histogram;
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

/** service, start, length, epochs counted. */
const WINDOW_KEY_BYTES = 32 + 8 + 4 + 4;
/** watcher, region, two weights, six counts, three offsets, five numbers. */
const FIXED_BYTES = 32 + 2 + 2 * 32 + 6 * 4 + 3 * 4 + 5 * 4;
const BUCKET_BYTES = 2 + 4;

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
    stalled: U32,
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

export function toFlat(accumulator: Accumulator): Flat {
  const { latency, finality, headLag, ...rest } = accumulator;
  return { ...rest, latency: bucketsOf(latency), finality: bucketsOf(finality), headLag: bucketsOf(headLag) };
}

/** @throws RangeError when the buckets of a histogram do not ascend */
export function fromFlat(flat: Flat): Accumulator {
  return {
    ...flat,
    latency: histogramOfBuckets(flat.latency),
    finality: histogramOfBuckets(flat.finality),
    headLag: histogramOfBuckets(flat.headLag),
  };
}

/** One whose histograms are its own still, so that samples can be added in place; of others, windows share them. */
export type Draft = Accumulator & Record<'latency' | 'finality' | 'headLag', number[]>;

export function emptyAccumulator(watcher: Uint8Array, region: number): Draft {
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
    stalled: 0,
    latency: [],
    finality: [],
    headLag: [],
    burstsMet: 0,
    bursts: 0,
    correct: 0,
    checked: 0,
    minRttMicros: ABSENT_MICROS,
  };
}

/** What one watcher saw in both of two stretches of one window; neither is changed. Watcher and region are the first's. */
export function mergeAccumulators(a: Accumulator, b: Accumulator): Accumulator {
  return {
    watcher: a.watcher,
    region: a.region,
    assignedWeight: a.assignedWeight + b.assignedWeight,
    countedWeight: a.countedWeight + b.countedWeight,
    epochsCounted: a.epochsCounted + b.epochsCounted,
    good: a.good + b.good,
    bad: a.bad + b.bad,
    unknown: a.unknown + b.unknown,
    fault: a.fault + b.fault,
    stalled: a.stalled + b.stalled,
    latency: mergeHistograms(a.latency, b.latency),
    finality: mergeHistograms(a.finality, b.finality),
    headLag: mergeHistograms(a.headLag, b.headLag),
    burstsMet: a.burstsMet + b.burstsMet,
    bursts: a.bursts + b.bursts,
    correct: a.correct + b.correct,
    checked: a.checked + b.checked,
    minRttMicros: Math.min(a.minRttMicros, b.minRttMicros),
  };
}

/**
 * A shorter stall counts as none: what it takes off a latency is a third at most of the least that templates promise, 300 ms.
 * On a busy machine every sample has some milliseconds of it, which the prober's own thread keeps from being more.
 */
export const STALLED_MICROS_MIN = 100_000;

/** The answer came and was not the known one. */
const WRONG_ANSWERS: ReadonlySet<number> = new Set([REASON.wrongBody, REASON.wrongHash, REASON.wrongAnswer]);

/**
 * Adds one sample in place. A bad answer has infinite latency: an answer that fails its assertion was not given, and
 * dropping it would let quick errors improve a tail. A stall shortens the time, which favours the provider; it is counted
 * besides, and the sample with it, because dropping it would select against slow answers.
 */
export function addSample(into: Draft, sample: Sample): void {
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
  if (sample.outcome > OUTCOME.bad) return;
  if (sample.stallMicros >= STALLED_MICROS_MIN) into.stalled++;
  if (sample.burst !== ABSENT_BURST) {
    into.bursts++;
    if (sample.burst === 1) into.burstsMet++;
  }
  addCheck(into, sample);
}

/** A good answer that was compared with a known one was right; a bad one was compared only if that is what it failed. */
function addCheck(into: Draft, { outcome, reason, bodyDigest }: Sample): void {
  const isRight = outcome === OUTCOME.good && !isZero(bodyDigest);
  if (isRight) into.correct++;
  if (isRight || (outcome === OUTCOME.bad && WRONG_ANSWERS.has(reason))) into.checked++;
}

/** A plain loop: it runs for every sample of a report. */
function isZero(bytes: Uint8Array): boolean {
  for (let i = 0; i < bytes.length; i++) if (bytes[i] !== 0) return false;
  return true;
}

export const WindowKeySsz = new ContainerType(
  { serviceId: new ByteVectorType(32), windowStart: U64, windowEpochs: U32, epochsCounted: U32 },
  { typeName: 'WindowKey' },
);

/** The open byte, the window's key, the accumulator's fixed part, and three histograms at their longest. */
const writer = new Writer(1 + WINDOW_KEY_BYTES + FIXED_BYTES + 3 * BUCKET_BYTES * HISTOGRAM_BUCKETS_MAX);

/**
 * A zero byte, WindowKeySsz of the window and AccumulatorSsz of the accumulator, written by hand: the generic way takes ten
 * times as long. test/protocol/accumulator.test.ts holds them equal. Valid until the next call.
 * @throws RangeError for a field that its layout does not hold
 */
export function openBytes(window: Window, accumulator: Accumulator): Uint8Array {
  const { latency, finality, headLag } = accumulator;
  writer.restart();
  writer.u8(0); // a zero byte tells it from the statistics of closed windows
  writer.raw(window.serviceId, 32);
  writer.u64(window.windowStart);
  writer.u32(window.windowEpochs);
  writer.u32(window.epochsCounted);
  writer.raw(accumulator.watcher, 32);
  writer.u16(accumulator.region);
  writer.u256(accumulator.assignedWeight);
  writer.u256(accumulator.countedWeight);
  writer.u32(accumulator.epochsCounted);
  writer.u32(accumulator.good);
  writer.u32(accumulator.bad);
  writer.u32(accumulator.unknown);
  writer.u32(accumulator.fault);
  writer.u32(accumulator.stalled);
  // SSZ puts lists behind the fixed part, which says where each begins.
  const finalityAt = FIXED_BYTES + bytesOf(latency);
  writer.u32(FIXED_BYTES);
  writer.u32(finalityAt);
  writer.u32(finalityAt + bytesOf(finality));
  writer.u32(accumulator.burstsMet);
  writer.u32(accumulator.bursts);
  writer.u32(accumulator.correct);
  writer.u32(accumulator.checked);
  writer.u32(accumulator.minRttMicros);
  for (const histogram of [latency, finality, headLag]) {
    checkLength(histogram);
    writer.pairs(histogram);
  }
  return writer.written();
}

function bytesOf(histogram: Histogram): number {
  return BUCKET_BYTES * (histogram.length / 2);
}

/** @throws RangeError above HISTOGRAM_BUCKETS_MAX buckets */
function checkLength(histogram: Histogram): void {
  const buckets = histogram.length / 2;
  if (buckets <= HISTOGRAM_BUCKETS_MAX) return;
  throw new RangeError(`${buckets} buckets, a histogram has at most ${HISTOGRAM_BUCKETS_MAX}`);
}

/** Merkle leaf of one open accumulator. */
export function accumulatorLeaf(window: Window, accumulator: Accumulator): Uint8Array {
  return keccakTwice(openBytes(window, accumulator));
}

export function windowKey(serviceId: Uint8Array, windowStart: number, windowEpochs: number): string {
  return `${Buffer.from(serviceId).toString('hex')}/${windowEpochs}/${windowStart}`;
}
