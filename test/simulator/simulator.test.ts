import { expect, test } from 'vitest';
import { honestStakeMin, PLAN_OPTIONS, planOf } from './plan.ts';
import { runSeeds } from './run.ts';
import { runWorld } from './world.ts';

/** About two minutes of one core; `plumbline simulate` runs as many as one likes. */
const SEEDS = 200;
const WORKERS = 2;
/** Another range on request, as a nightly run would ask for it. */
const FROM = Number(process.env.PLUMBLINE_SEED ?? 1);

test(`in ${SEEDS} worlds of faults and liars nothing that is promised breaks`, { timeout: 540_000 }, async () => {
  const failed: string[] = [];
  let worlds = 0;
  await runSeeds({ from: FROM, seeds: SEEDS, workers: WORKERS, plan: PLAN_OPTIONS }, ({ seed, violations }) => {
    worlds++;
    if (violations.length > 0) failed.push(`plumbline simulate --seed ${seed} --trace: ${violations.join('; ')}`);
  });
  expect(failed).toEqual([]);
  expect(worlds).toBe(SEEDS);
});

test('a seed gives the same world twice, event by event, and another seed another', { timeout: 60_000 }, async () => {
  const [first, second, other] = [await runWorld(3), await runWorld(3), await runWorld(4)];
  expect(second).toEqual(first);
  expect(other.hash).not.toBe(first.hash);
});

test('at least a third of the worlds have as much lying stake as there may be, and every kind of fault occurs', () => {
  const plans = Array.from({ length: 1_000 }, (_, seed) => planOf(seed));
  const near = plans.filter(({ nearBound }) => nearBound);
  expect(near.length).toBeGreaterThan(333);
  for (const { stakes, members, versions } of near) {
    const liars = members.map(({ seat }) => seat);
    const lying = liars.reduce((sum, seat) => sum + stakes[seat]!, 0n);
    // In the set with the least honest stake: one unit more would be a third of all.
    const total = honestStakeMin(stakes, liars, versions) + lying;
    expect(3n * lying < total && 3n * (lying + 1n) >= total).toBe(true);
  }
  const changing = plans.filter(({ versions }) => versions.length > 1);
  expect(changing.length).toBeGreaterThan(333);
  expect(changing.filter(({ startsAt }) => startsAt.some((at) => at > 0)).length).toBeGreaterThan(100);
  const kinds = new Set(plans.flatMap(({ faults }) => faults.map(({ kind }) => kind)));
  const strategies = new Set(plans.flatMap(({ members }) => members.flatMap((member) => member.strategies)));
  expect([kinds.size, strategies.size]).toEqual([13, 23]);
  expect(plans.filter(({ realBls }) => realBls).length).toBeGreaterThan(3);
});

test('with more than a third of the stake lying the checks do fail', { timeout: 120_000 }, async () => {
  const options = {
    watchersMin: 4,
    watchersMax: 5,
    overBound: true,
    strategies: ['lie', 'withhold-attestation'],
  } as const;
  const violations: string[] = [];
  for (const seed of [1, 2, 3, 4]) violations.push(...(await runWorld(seed, options)).violations);
  expect(violations.join()).toContain('honest watchers saw');
});
