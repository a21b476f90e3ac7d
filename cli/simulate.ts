import { Command, InvalidArgumentError } from 'commander';
import type { Outcome } from '../test/simulator/world.ts';

/** Watchers of a world; below four, less than a third of them is nobody. */
const WATCHERS_MIN = 4;
const WATCHERS_MAX = 64;
const WORKERS_MAX = 64;
const SEED_MAX = 2 ** 31;

type Options = {
  seeds: number;
  from: number;
  seed?: number;
  watchers: readonly [number, number];
  workers: number;
  trace?: true;
  json?: true;
};

/** `plumbline simulate`: worlds full of faults, each drawn from a number and the same whenever that number is given. */
export function simulateCommand(): Command {
  return new Command('simulate')
    .description('run simulated networks full of faults and liars, and check that every promise holds')
    .option('--seeds <count>', 'how many worlds', whole('seeds', 1, SEED_MAX), 100)
    .option('--from <seed>', 'the first seed', whole('from', 0, SEED_MAX), 1)
    .option('--seed <seed>', 'one world only', whole('seed', 0, SEED_MAX))
    .option('--watchers <range>', 'watchers of a world, drawn from this range', range, [4, 31] as const)
    .option('--workers <count>', 'worlds at the same time, one a core', whole('workers', 1, WORKERS_MAX), 1)
    .option('--trace', 'with --seed: print everything that happened')
    .option('--json', 'end with one line of JSON')
    .action(async (options: Options) => {
      process.exitCode = options.seed === undefined ? await many(options) : await one(options.seed, options);
    });
}

/** Loaded late: the simulator belongs to the tests, and other commands do not pay for it. */
async function one(seed: number, { watchers, trace, json }: Options): Promise<number> {
  const { runWorld } = await import('../test/simulator/world.ts');
  const { describePlan } = await import('../test/simulator/describe.ts');
  const plan = { watchersMin: watchers[0], watchersMax: watchers[1] };
  const started = performance.now();
  const outcome = await runWorld(seed, plan, true);
  const failed = outcome.violations.length > 0;
  if (trace || failed) console.log([...describePlan(seed, plan), ...outcome.trace].join('\n'));
  if (failed) console.log(outcome.diagram.join('\n'));
  for (const what of outcome.violations) console.log(`seed ${seed} VIOLATED: ${what}`);
  console.log(`seed ${seed} ${failed ? 'failed' : 'passed'}: ${outcome.reports} reports, events ${outcome.hash}`);
  if (json) console.log(summary(seed, 1, [outcome], started));
  return failed ? 1 : 0;
}

async function many(options: Options): Promise<number> {
  const { runSeeds } = await import('../test/simulator/run.ts');
  const { seeds, from, workers, watchers, json } = options;
  const plan = { watchersMin: watchers[0], watchersMax: watchers[1] };
  const outcomes: Outcome[] = [];
  const started = performance.now();
  await runSeeds({ seeds, from, workers, plan }, (outcome) => {
    outcomes.push(outcome);
    for (const what of outcome.violations) console.log(`seed ${outcome.seed} VIOLATED: ${what}`);
    if (outcomes.length % 100 === 0) console.log(`${outcomes.length} of ${seeds} worlds`);
  });
  const failed = outcomes.filter(({ violations }) => violations.length > 0).sort((a, b) => a.seed - b.seed);
  // The first that failed, in full: it fails the same way whenever it is run.
  if (failed[0]) await one(failed[0].seed, { ...options, trace: true });
  console.log(
    `${outcomes.length} worlds, ${failed.length} failed${failed.length > 0 ? `: ${failed.map(({ seed }) => seed)}` : ''}`,
  );
  if (json) console.log(summary(from, seeds, outcomes, started));
  return failed.length > 0 ? 1 : 0;
}

function summary(from: number, seeds: number, outcomes: readonly Outcome[], started: number): string {
  const sum = (of: (outcome: Outcome) => number) => outcomes.reduce((total, outcome) => total + of(outcome), 0);
  const failed = outcomes.filter(({ violations }) => violations.length > 0).map(({ seed }) => seed);
  const simulate = {
    seeds,
    from,
    failed: failed.sort((a, b) => a - b),
    byzantineNearBound: sum(({ nearBound }) => (nearBound ? 1 : 0)),
    reports: sum(({ reports }) => reports),
    epochs: sum(({ epochs }) => epochs),
    realBls: sum(({ realBls }) => (realBls ? 1 : 0)),
    watchersOver12: sum(({ watchers }) => (watchers > 12 ? 1 : 0)),
    watchersMax: Math.max(0, ...outcomes.map(({ watchers }) => watchers)),
    seconds: Math.round((performance.now() - started) / 100) / 10,
  };
  return JSON.stringify({ simulate });
}

function range(text: string): readonly [number, number] {
  const match = /^([0-9]+)(?:\.\.([0-9]+))?$/.exec(text);
  const [min, max] = [Number(match?.[1]), Number(match?.[2] ?? match?.[1])];
  if (match && min >= WATCHERS_MIN && min <= max && max <= WATCHERS_MAX) return [min, max];
  throw new InvalidArgumentError(`--watchers is a range like 4..13 within ${WATCHERS_MIN}..${WATCHERS_MAX}.`);
}

function whole(name: string, min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^[0-9]+$/.test(text) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`--${name} is a whole number from ${min} to ${max}.`);
  };
}
