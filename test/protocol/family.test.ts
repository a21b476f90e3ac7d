import { expect, it } from 'vitest';
import { ALONE, FAMILIES, familyOf } from '../../protocol/family.ts';
import { SEATS_MAX, WINDOW_WATCHERS_MAX } from '../../protocol/limits.ts';

/** P(Z > z) of the normal distribution, by its continued fraction (Abramowitz and Stegun 26.2.14), to 10^-15 for z > 1.5. */
function above(z: number): number {
  let fraction = z;
  for (let i = 500; i >= 1; i--) fraction = z + i / fraction;
  return Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI) / fraction;
}

it('each z is the smallest millionth beyond which a normal deviate lies in at most 5 % / m of cases', () => {
  for (const { watchersMax, z } of [ALONE, ...FAMILIES]) {
    expect(above(Number(z) / 1e6), `${watchersMax}`).toBeLessThanOrEqual(0.05 / watchersMax);
    expect(above(Number(z - 1n) / 1e6), `${watchersMax}`).toBeGreaterThan(0.05 / watchersMax);
  }
});

it('each minimumFrom is the smallest n at which all values lie above the median in at most 5 % / m of cases', () => {
  for (const { watchersMax, minimumFrom } of [ALONE, ...FAMILIES]) {
    expect(2 ** minimumFrom).toBeGreaterThanOrEqual(20 * watchersMax);
    expect(2 ** (minimumFrom - 1)).toBeLessThan(20 * watchersMax);
  }
});

it('a number of watchers has the first row that holds it; the rows end with a whole set and with a whole window', () => {
  expect([1, 4, 5, 16, 17, 4_096].map((m) => familyOf(m)?.watchersMax)).toEqual([4, 4, 16, 16, 64, 4_096]);
  expect(familyOf(4_097)).toBeUndefined();
  expect(FAMILIES.at(-2)?.watchersMax).toBe(SEATS_MAX);
  expect(FAMILIES.at(-1)?.watchersMax).toBe(WINDOW_WATCHERS_MAX);
});
