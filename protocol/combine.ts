import type { Bounded } from './bounds.ts';

/** A value with the effective stake behind it. */
export type Weighted<T> = { readonly value: T; readonly weight: bigint };

/** The value at which the weight, cumulated in the given order, first passes `threshold` (exclusive or inclusive). */
function cumulate(ordered: readonly Weighted<number>[], passes: (sum: bigint) => boolean): number | undefined {
  let sum = 0n;
  for (const { value, weight } of ordered) {
    sum += weight;
    if (passes(sum)) return value;
  }
  return undefined;
}

function sorted(values: readonly Weighted<number>[], bestFirst: boolean, higherBetter: boolean): Weighted<number>[] {
  const sign = bestFirst === higherBetter ? -1 : 1;
  return [...values].sort((a, b) => sign * (a.value - b.value));
}

/** Weighted median from the best value on, so that an even split favours the provider. */
export function weightedMedian(values: readonly Weighted<number>[], higherBetter: boolean): number | undefined {
  const total = values.reduce((sum, { weight }) => sum + weight, 0n);
  return cumulate(sorted(values, true, higherBetter), (sum) => total > 0n && 2n * sum >= total);
}

/**
 * The value at which the weight from the worst on first strictly exceeds a third of the assigned stake. Whoever is
 * absent counts as best. With less than a third Byzantine, at least one honest watcher saw it at least as bad.
 */
export function weightedTail(
  values: readonly Weighted<number>[],
  assigned: bigint,
  higherBetter: boolean,
): number | undefined {
  return cumulate(sorted(values, false, higherBetter), (sum) => 3n * sum > assigned);
}

/** Distance between the weighted quartiles: how far watchers disagree, insensitive to less than a quarter of liars. */
export function weightedSpread(values: readonly Weighted<number>[]): number {
  const total = values.reduce((sum, { weight }) => sum + weight, 0n);
  if (total === 0n) return 0;
  const ascending = sorted(values, true, false);
  const at = (share: bigint) => cumulate(ascending, (sum) => 4n * sum >= share * total) ?? 0;
  return at(3n) - at(1n);
}

/** Combines point and both bounds by the same order statistic; each is monotone, so lower <= value <= upper holds. */
export function combineBounded(
  values: readonly Weighted<Bounded>[],
  pick: (values: readonly Weighted<number>[]) => number | undefined,
): Bounded | undefined {
  const part = (of: keyof Bounded) => pick(values.map(({ value, weight }) => ({ value: value[of], weight })));
  const [value, lower, upper] = [part('value'), part('lower'), part('upper')];
  if (value === undefined || lower === undefined || upper === undefined) return undefined;
  return { value, lower, upper };
}
