/**
 * How many seeds it takes to find each planted fault:
 *
 *   node test/simulator/hunt.ts [--workers 2] [--seeds 200] [--only 'skip the journal']
 */
import { parseArgs } from 'node:util';
import { PLAN_OPTIONS } from './plan.ts';
import { PLANTED, type PlantedName } from './planted.ts';
import { runSeeds } from './run.ts';

const { values } = parseArgs({
  options: {
    workers: { type: 'string', default: '2' },
    seeds: { type: 'string', default: '200' },
    only: { type: 'string' },
  },
});
const names = Object.keys(PLANTED) as PlantedName[];
let missed = 0;
console.log('| planted fault | found by seed | what the check says |\n|---|---|---|');
for (const name of names.filter((one) => values.only === undefined || one === values.only)) {
  let found: { seed: number; what: string } | undefined;
  const options = { from: 1, seeds: Number(values.seeds), workers: Number(values.workers), plan: PLAN_OPTIONS };
  await runSeeds({ ...options, planted: name, untilFailure: true }, ({ seed, violations }) => {
    if (violations[0] && (!found || seed < found.seed)) found = { seed, what: violations[0] };
  });
  if (!found) missed++;
  console.log(`| ${name} | ${found?.seed ?? `not in ${values.seeds}`} | ${found?.what.slice(0, 100) ?? ''} |`);
}
process.exitCode = missed === 0 ? 0 : 1;
