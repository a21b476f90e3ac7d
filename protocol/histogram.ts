/**
 * Fixed-boundary log-linear histogram of microseconds. Values below 64 have a bucket each; above, every power of two
 * is cut into 32 equal buckets, so a bucket is at most 1/32 of its lower edge wide and its midpoint is off by at most
 * 1.6 %. The last bucket holds +infinity: a time-out, never dropped. Integers only; merging is adding counts, so the
 * result does not depend on any order.
 *
 * Held flat as bucket, count, bucket, count, …, buckets ascending: one histogram has one form, and merging, hashing and
 * ranks walk it from left to right. (Plain arrays: they are made by the ten thousand, and typed ones cost more to make.)
 */
export type Histogram = readonly number[];

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

/** Adds one value in place; `bucket` from bucketOf, or INFINITE_BUCKET. */
export function addToHistogram(histogram: number[], bucket: number): void {
  addBefore(histogram, histogram.length, bucket, 1);
}

/** Counts added bucket by bucket. Both stay as they are; beside an empty histogram the result is the other one itself. */
export function mergeHistograms(a: Histogram, b: Histogram): Histogram {
  if (a.length === 0) return b;
  if (b.length === 0) return a;
  // A window's histogram takes in the few values of one epoch: the copy is quick, and most of them find their bucket.
  const merged = a.slice();
  let end = merged.length;
  for (let i = b.length - 2; i >= 0; i -= 2) end = addBefore(merged, end, b[i]!, b[i + 1]!);
  return merged;
}

/** Adds a count to a bucket that is below all from `end` on. Returns where the buckets begin that are not below it. */
function addBefore(histogram: number[], end: number, bucket: number, count: number): number {
  let at = end;
  while (at > 0 && histogram[at - 2]! > bucket) at -= 2;
  if (at === 0 || histogram[at - 2] !== bucket) {
    histogram.splice(at, 0, bucket, count);
    return at;
  }
  histogram[at - 1]! += count;
  return at - 2;
}

/** Buckets and counts, as snapshots list them. */
export function bucketsOf(histogram: Histogram): { bucket: number; count: number }[] {
  return Array.from({ length: histogram.length / 2 }, (_, i) => ({
    bucket: histogram[2 * i]!,
    count: histogram[2 * i + 1]!,
  }));
}

/** The inverse of bucketsOf. @throws RangeError unless buckets ascend: another order would be a second form of one thing */
export function histogramOfBuckets(list: readonly { bucket: number; count: number }[]): Histogram {
  list.forEach(({ bucket }, i) => {
    if (i > 0 && bucket <= list[i - 1]!.bucket) throw new RangeError(`bucket ${bucket} is out of order or comes twice`);
  });
  return list.flatMap(({ bucket, count }) => [bucket, count]);
}

export function histogramCount(histogram: Histogram): number {
  let count = 0;
  for (let i = 1; i < histogram.length; i += 2) count += histogram[i]!;
  return count;
}

/** Where the value of rank `rank` (1 = smallest) lies: its bucket, how many are in it, and the how manieth it is. @throws RangeError outside 1 .. count */
function placeAtRank(histogram: Histogram, rank: number): { bucket: number; count: number; nth: number } {
  let before = 0;
  for (let i = 0; i < histogram.length; i += 2) {
    const count = histogram[i + 1]!;
    if (rank >= 1 && before + count >= rank) return { bucket: histogram[i]!, count, nth: rank - before };
    before += count;
  }
  throw new RangeError(`no value of rank ${rank} among ${before}`);
}

/** Bucket of the value of rank `rank` (1 = smallest). @throws RangeError outside 1 .. count */
export function bucketAtRank(histogram: Histogram, rank: number): number {
  return placeAtRank(histogram, rank).bucket;
}

/**
 * The value of rank `rank` (1 = smallest): of `count` in one bucket the k-th lies at (k − 1/2) / count of its width, as if they were spread
 * evenly, but in the middle quarter of it, so that it is off by at most 2 % also where all are alike. Rounded down.
 * @throws RangeError outside 1 .. count
 */
export function valueAtRank(histogram: Histogram, rank: number): number {
  const { bucket, count, nth } = placeAtRank(histogram, rank);
  const [lower, upper] = [bucketLower(bucket), bucketUpper(bucket)];
  // In eighths of the width: from 3 to 5.
  const [part, of] = [Math.min(Math.max(8 * (2 * nth - 1), 6 * count), 10 * count), 16 * count];
  return lower + portionOf(upper - lower, part, of);
}

/** ⌊whole · part / of⌋, exactly: a double has 53 bits, and the widest bucket times the largest count has more. */
function portionOf(whole: number, part: number, of: number): number {
  const product = whole * part;
  if (Number.isSafeInteger(product)) return Math.floor(product / of);
  return Number((BigInt(whole) * BigInt(part)) / BigInt(of));
}
