import { expect, test } from 'vitest';
import { PLAN_OPTIONS } from './plan.ts';
import { astray, PLANTED, type PlantedName } from './planted.ts';
import { runSeeds } from './run.ts';

test('every planted fault finds the rule that it breaks, word by word and once', () => {
  const lost = Object.entries(PLANTED).flatMap(([name, planted]) =>
    astray(planted).map(({ file }) => `${name}: ${file}`),
  );
  expect(lost, 'these files read otherwise now: write the faults anew').toEqual([]);
});

/** Those that a first seed finds; test/simulator/hunt.ts tries all. */
const QUICK: readonly PlantedName[] = ['tail from the wrong end', 'vote per epoch instead of accumulating'];

test.each(QUICK)('the checks find it when the program has: %s', { timeout: 120_000 }, async (planted) => {
  const found: string[] = [];
  await runSeeds({ from: 1, seeds: 6, workers: 1, plan: PLAN_OPTIONS, planted, untilFailure: true }, (outcome) =>
    found.push(...outcome.violations),
  );
  expect(found.join()).toContain('not what its batches give');
});
