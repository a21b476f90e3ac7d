/**
 * Fixed-boundary log-linear histogram of microseconds. Values below 64 have a bucket each; above, every power of two
 * is cut into 32 equal buckets, so a bucket is at most 1/32 of its lower edge wide and its midpoint is off by at most
 * 1.6 %. The last bucket holds +infinity: a time-out, never dropped. Integers only; merging is adding counts, so the
 * result does not depend on any order.
 */
export type Histogram = ReadonlyMap<number /* bucket */, number /* count */>;

const EXACT = 64;
const PER_OCTAVE = 32;
/** Values from 2^32 µs (71 min) on count as infinite; no probe runs that long. */
const OCTAVES = 26;
export const INFINITE_BUCKET = EXACT + OCTAVES * PER_OCTAVE;
/** +infinity as leaves and bounds write it: the largest 40-bit number. */
export const INFINITE_MICROS = 2 ** 40 - 1;

/** Bucket of a whole number of microseconds >= 0. */
export function bucketOf(micros: number): number {
  if (micros < EXACT) return Math.max(0, micros);
  if (micros >= 2 ** 32) return INFINITE_BUCKET;
  const octave = 31 - Math.clz32(micros >>> 0);
  const shift = octave - 5;
  return EXACT + (octave - 6) * PER_OCTAVE + (Math.floor(micros / 2 ** shift) - PER_OCTAVE);
}

/** Smallest value of a bucket. */
export function bucketLower(bucket: number): number {
  if (bucket >= INFINITE_BUCKET) return INFINITE_MICROS;
  if (bucket < EXACT) return bucket;
  const octave = Math.floor((bucket - EXACT) / PER_OCTAVE) + 6;
  return (PER_OCTAVE + ((bucket - EXACT) % PER_OCTAVE)) * 2 ** (octave - 5);
}

/** Largest whole value of a bucket. */
export function bucketUpper(bucket: number): number {
  if (bucket >= INFINITE_BUCKET) return INFINITE_MICROS;
  return bucket === INFINITE_BUCKET - 1 ? 2 ** 32 - 1 : bucketLower(bucket + 1) - 1;
}

/** The value that stands for a bucket: its midpoint, rounded down. */
export function bucketMiddle(bucket: number): number {
  if (bucket >= INFINITE_BUCKET) return INFINITE_MICROS;
  return Math.floor((bucketLower(bucket) + bucketUpper(bucket)) / 2);
}

/** Adds in place; `bucket` from bucketOf, or INFINITE_BUCKET. */
export function addToHistogram(histogram: Map<number, number>, bucket: number, count = 1): void {
  histogram.set(bucket, (histogram.get(bucket) ?? 0) + count);
}

export function histogramCount(histogram: Histogram): number {
  let count = 0;
  for (const n of histogram.values()) count += n;
  return count;
}

/** Bucket of the value of rank `rank` (1 = smallest). @throws RangeError outside 1 .. count */
export function bucketAtRank(histogram: Histogram, rank: number): number {
  let seen = 0;
  for (const bucket of [...histogram.keys()].sort((a, b) => a - b)) {
    seen += histogram.get(bucket)!;
    if (rank >= 1 && seen >= rank) return bucket;
  }
  throw new RangeError(`no value of rank ${rank} among ${seen}`);
}
