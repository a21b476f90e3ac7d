import type { Bounded, Estimate } from './bounds.ts';

/** A value with the effective stake behind it. */
export type Weighted<T> = { readonly value: T; readonly weight: bigint };

/** The value at which the weight, cumulated in the given order, first reaches `needed`. */
function cumulate(ordered: readonly Weighted<number>[], needed: bigint): number | undefined {
  let sum = 0n;
  for (const { value, weight } of ordered) {
    sum += weight;
    if (sum >= needed) return value;
  }
  return undefined;
}

function ascending(values: readonly Weighted<number>[]): Weighted<number>[] {
  return [...values].sort((a, b) => a.value - b.value);
}

function totalOf(values: readonly Weighted<unknown>[]): bigint {
  return values.reduce((sum, { weight }) => sum + weight, 0n);
}

/** Half of all weight, rounded up. */
function medianOf(bestFirst: readonly Weighted<number>[], total: bigint): number | undefined {
  return total > 0n ? cumulate(bestFirst, (total + 1n) / 2n) : undefined;
}

/** A part of the assigned stake: `part` / `of`. */
export type Threshold = { readonly part: bigint; readonly of: bigint };

/** Where everyone is assigned, less than this is Byzantine. */
export const THIRD: Threshold = { part: 1n, of: 3n };

function tailOf(
  worstFirst: readonly Weighted<number>[],
  assigned: bigint,
  { part, of }: Threshold,
): number | undefined {
  return cumulate(worstFirst, (part * assigned) / of + 1n);
}

/** Weighted median from the best value on, so that an even split favours the provider. */
export function weightedMedian(values: readonly Weighted<number>[], higherBetter: boolean): number | undefined {
  const upwards = ascending(values);
  return medianOf(higherBetter ? upwards.reverse() : upwards, totalOf(values));
}

/**
 * The value at which the weight from the worst on first strictly exceeds that part of the assigned stake. Whoever is
 * absent counts as best. With no more than that part Byzantine, at least one honest watcher saw it at least as bad.
 */
export function weightedTail(
  values: readonly Weighted<number>[],
  assigned: bigint,
  higherBetter: boolean,
  threshold = THIRD,
): number | undefined {
  const upwards = ascending(values);
  return tailOf(higherBetter ? upwards : upwards.reverse(), assigned, threshold);
}

/** Distance between the weighted quartiles: how far watchers disagree, insensitive to less than a quarter of liars. */
export function weightedSpread(values: readonly Weighted<number>[]): number {
  const total = totalOf(values);
  if (total === 0n) return 0;
  const upwards = ascending(values);
  const at = (share: bigint) => cumulate(upwards, (share * total + 3n) / 4n) ?? 0;
  return at(3n) - at(1n);
}

/** The two values that a leaf publishes of one metric; undefined where no order statistic exists. */
export type Combined = { readonly median: Bounded | undefined; readonly tail: Bounded | undefined };

type Orders = Readonly<Record<'upwards' | 'downwards' | 'bestFirst', readonly Weighted<number>[]>>;

/**
 * The median once more, of those alone whose value lies within the median's bounds. Liars who all say one thing leave the median to
 * an honest watcher from one end, with that one's error; far away they do not count here. Within the bounds they still do: so it
 * stays between the two values at which the weight from below, and from above, strictly exceeds `threshold` of the assigned stake.
 */
function centred(
  { upwards, downwards, bestFirst }: Orders,
  { value, lower, upper }: Bounded,
  assigned: bigint,
  threshold: Threshold,
): number {
  const within = bestFirst.filter((one) => one.value >= lower && one.value <= upper);
  const again = medianOf(within, totalOf(within)) ?? value;
  const low = tailOf(upwards, assigned, threshold) ?? value;
  const high = tailOf(downwards, assigned, threshold) ?? value;
  // Where too few are present the two cross, and the median itself remains.
  return Math.min(Math.max(again, Math.min(low, value)), Math.max(high, value));
}

/**
 * weightedMedian and weightedTail of point and both bounds, each by the same order statistic; each is monotone, so
 * lower <= value <= upper holds. The median's value is then `centred`. One order serves both: from the best for the median, from the worst for the tail. The
 * tail's bound that favours the provider is of the joint ones: liars who all say the worst leave it to the worst honest
 * watcher, and of many honest ones the worst is beyond its own bound of 95 % more often than in 1 of 20 cases.
 */
export function combineBounded(
  values: readonly Weighted<Estimate>[],
  assigned: bigint,
  higherBetter: boolean,
  threshold = THIRD,
): Combined {
  const total = totalOf(values);
  // The order of the points is nearly that of the bounds as well, and sorting what is nearly sorted takes one pass.
  const byPoint = [...values].sort((a, b) => a.value.value - b.value.value);
  const part = (of: keyof Estimate) => {
    const upwards = ascending(byPoint.map(({ value, weight }) => ({ value: value[of], weight })));
    const downwards = upwards.toReversed();
    const [bestFirst, worstFirst] = higherBetter ? [downwards, upwards] : [upwards, downwards];
    const orders = { upwards, downwards, bestFirst };
    return { orders, median: medianOf(bestFirst, total), tail: tailOf(worstFirst, assigned, threshold) };
  };
  const [value, lower, upper, joint] = [part('value'), part('lower'), part('upper'), part('joint')];
  const median = boundedOf(value.median, lower.median, upper.median);
  return {
    median: median && { ...median, value: centred(value.orders, median, assigned, threshold) },
    tail: higherBetter ? boundedOf(value.tail, lower.tail, joint.tail) : boundedOf(value.tail, joint.tail, upper.tail),
  };
}

function boundedOf(value?: number, lower?: number, upper?: number): Bounded | undefined {
  return value === undefined || lower === undefined || upper === undefined ? undefined : { value, lower, upper };
}
