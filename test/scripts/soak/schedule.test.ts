import { expect, test } from 'vitest';
import { minoritySize, planKills } from '../../../scripts/soak/schedule.ts';

test('the plan is a function of the seed, and has as many kills as were asked for', () => {
  for (const kills of [1, 10, 300]) {
    const plan = planKills(7, kills, 7);
    expect(plan.reduce((sum, burst) => sum + burst.kills.length, 0)).toBe(kills);
    expect(planKills(7, kills, 7)).toEqual(plan);
  }
  expect(planKills(8, 300, 7)).not.toEqual(planKills(7, 300, 7));
});

test('a minority leaves more than two thirds, and one more would not', () => {
  expect([4, 5, 6, 7, 8, 9, 10, 16].map(minoritySize)).toEqual([1, 1, 1, 2, 2, 2, 3, 5]);
});

test('bursts on a rotating minority alternate with bursts on everybody, whom the first kills reach all', () => {
  const plan = planKills(3, 300, 7);
  expect(plan.map(({ kind }) => kind).slice(0, 4)).toEqual(['minority', 'everybody', 'minority', 'everybody']);
  const minorities = plan.filter(({ kind }) => kind === 'minority');
  expect(minorities.map(({ among }) => among).slice(0, 4)).toEqual([
    [0, 1],
    [2, 3],
    [4, 5],
    [6, 0],
  ]);
  for (const { kind, among, kills } of plan) {
    expect(kills.every(({ target }) => among.includes(target))).toBe(true);
    if (kind === 'everybody' && kills.length >= 7) {
      expect(new Set(kills.slice(0, 7).map(({ target }) => target)).size).toBe(7);
      expect(['commit', 'reveal', 'attest']).toContain(kills[0]!.aim);
    }
  }
  const aims = new Set(plan.flatMap(({ kills }) => kills.map(({ aim }) => aim)));
  expect([...aims].sort()).toEqual(['any', 'attest', 'commit', 'reveal', 'start']);
});
