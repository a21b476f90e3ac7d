/**
 * How evenly something is spread over holders. Everything is exact integer arithmetic on the amounts; only the last
 * division rounds, and its direction is stated. docs/AUDIT.md gives sources and what the numbers do not say.
 */

/** An amount >= 0 under a name; names are distinct within one list. */
export type Holding = { readonly name: string; readonly amount: bigint };

export type Concentration = {
  /** Holders, with those that hold nothing. */
  readonly holders: number;
  /** Fewest holders without whom the rest is no quorum; 0 when nothing is held. */
  readonly toHalt: number;
  /** Fewest holders that are a quorum by themselves; 0 when nothing is held. */
  readonly toForge: number;
  /** 0 all equal, towards 1,000,000 one holds everything. */
  readonly giniPpm: number;
  /** 10,000 / holders when all are equal, 10,000 when one holds everything. */
  readonly hhi: number;
};

export const PPM = 1_000_000n;
/** The index is the sum of squared shares in percent, and 100² = 10,000. */
export const HHI_MAX = 10_000n;

export function total(holdings: readonly Holding[]): bigint {
  return holdings.reduce((sum, { amount }) => sum + amount, 0n);
}

/**
 * Nakamoto coefficient (Srinivasan, Lee 2017): the fewest holders whose amounts together satisfy `suffices(sum, total)`,
 * which must be monotone in the sum. Taking the largest first is optimal, because no other k holders sum to more.
 * @returns 0 when there is nothing to hold
 */
export function nakamoto(holdings: readonly Holding[], suffices: (sum: bigint, total: bigint) => boolean): number {
  const all = total(holdings);
  if (all === 0n) return 0;
  const descending = holdings.map(({ amount }) => amount).sort((a, b) => (a > b ? -1 : a < b ? 1 : 0));
  let sum = 0n;
  for (const [i, amount] of descending.entries()) {
    sum += amount;
    if (suffices(sum, all)) return i + 1;
  }
  return 0;
}

/** The complement of a quorum: with sum withheld, 3 · (total − sum) > 2 · total fails, that is 3 · sum >= total. */
export const canHalt = (sum: bigint, all: bigint): boolean => 3n * sum >= all;

/** A quorum: 3 · sum > 2 · total. */
export const canForge = (sum: bigint, all: bigint): boolean => 3n * sum > 2n * all;

/**
 * Gini coefficient: the mean absolute difference of all pairs over twice the mean. With x ascending, i = 1 .. n:
 *   G = Σ (2i − n − 1) · x_i / (n · Σ x_i)
 * Its largest value is (n − 1)/n; it is not corrected for small n. Rounded down; 0 when nothing is held.
 */
export function giniPpm(holdings: readonly Holding[]): number {
  const all = total(holdings);
  if (all === 0n) return 0;
  const ascending = holdings.map(({ amount }) => amount).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const n = BigInt(ascending.length);
  const weighted = ascending.reduce((sum, amount, i) => sum + (2n * BigInt(i + 1) - n - 1n) * amount, 0n);
  return Number((weighted * PPM) / (n * all));
}

/**
 * Herfindahl–Hirschman index: 10,000 · Σ x_i² / (Σ x_i)². Its inverse, 10,000 / HHI, is how many equal holders would be
 * as concentrated. Rounded down; 0 when nothing is held.
 */
export function hhi(holdings: readonly Holding[]): number {
  const all = total(holdings);
  if (all === 0n) return 0;
  const squares = holdings.reduce((sum, { amount }) => sum + amount * amount, 0n);
  return Number((HHI_MAX * squares) / (all * all));
}

export function concentrationOf(holdings: readonly Holding[]): Concentration {
  return {
    holders: holdings.length,
    toHalt: nakamoto(holdings, canHalt),
    toForge: nakamoto(holdings, canForge),
    giniPpm: giniPpm(holdings),
    hhi: hhi(holdings),
  };
}

/** Share in parts per million, rounded down; 0 of nothing. */
export function sharePpm(amount: bigint, all: bigint): number {
  return all === 0n ? 0 : Number((amount * PPM) / all);
}

/** Two decimals, rounded down. */
export function percent(ppm: number): string {
  return `${Math.floor(ppm / 10_000)}.${String(Math.floor(ppm / 100) % 100).padStart(2, '0')} %`;
}
