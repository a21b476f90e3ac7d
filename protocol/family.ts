/**
 * A bound of each of m watchers that fails in 0.05 / m of cases is wrong for any of them in at most 5 % (Bonferroni), whether
 * or not they fail together. The tail needs that: when all liars say the worst, it is the worst honest watcher's.
 */
export type Family = {
  /** Watchers of the window, at most: m. */
  readonly watchersMax: number;
  /** z of one-sided 0.05 / m, rounded up, times 10^6. */
  readonly z: bigint;
  /** Smallest n at which the minimum bounds a median from below with that confidence: 2^-n <= 0.05 / m. */
  readonly minimumFrom: number;
};

/** One watcher by itself: z = 1.6448536…. */
export const ALONE: Family = { watchersMax: 1, z: 1_644_854n, minimumFrom: 5 };

/**
 * m is rounded up to one of these, so that few constants are enough and one watcher more hardly moves a bound: a row's z
 * exceeds the one before it by 0.18 to 0.6. The rows end with what one window holds (WINDOW_WATCHERS_MAX), before that with
 * a whole set (SEATS_MAX). z is the root of Φ(−z) = 0.05 / m: 2.2414027…, 2.7343687…, 3.1628179…, 3.5463378…, 3.7250035…,
 * 4.2201492…; test/protocol/family.test.ts computes each again.
 */
export const FAMILIES: readonly Family[] = [
  { watchersMax: 4, z: 2_241_403n, minimumFrom: 7 },
  { watchersMax: 16, z: 2_734_369n, minimumFrom: 9 },
  { watchersMax: 64, z: 3_162_818n, minimumFrom: 11 },
  { watchersMax: 256, z: 3_546_338n, minimumFrom: 13 },
  { watchersMax: 512, z: 3_725_004n, minimumFrom: 14 },
  { watchersMax: 4_096, z: 4_220_150n, minimumFrom: 17 },
];

/** The row for so many watchers; undefined beyond the last, where no bound is promised but the open end. */
export function familyOf(watchers: number): Family | undefined {
  return FAMILIES.find(({ watchersMax }) => watchers <= watchersMax);
}
