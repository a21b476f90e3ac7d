/**
 * `npm test`: types, style, unit tests, then whole networks of real processes and the contracts' tests. Everything runs even after
 * a failure; the last line is `N passed, N failed`, above it what was skipped and why.
 *
 *   npm test -- --only unit        types | style | unit | integration | contracts
 */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { constants, setPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

type Tally = { passed: number; failed: number; skipped: string[] };
type Part = { name: string; run: () => Promise<Tally> };

const ROOT = join(import.meta.dirname, '..');
const BIN = join(ROOT, 'node_modules', '.bin');
const { PRIORITY_LOW } = constants.priority;

type Result = { code: number; stdout: string };

/**
 * Runs a tool of node_modules/.bin. Its output is shown, unless `quiet` keeps stdout to be parsed; what `yields` runs when nothing
 * else wants to.
 */
function tool(
  command: string,
  args: readonly string[],
  options: { cwd?: string; quiet?: boolean; yields?: boolean } = {},
): Promise<Result> {
  const child = spawn(join(BIN, command), [...args], {
    cwd: options.cwd ?? ROOT,
    stdio: ['ignore', options.quiet ? 'pipe' : 'inherit', 'inherit'],
    env: { ...process.env, PATH: `${BIN}:${process.env.PATH}`, FORCE_COLOR: '0', NO_COLOR: '1' },
  });
  if (options.yields && child.pid !== undefined) setPriority(child.pid, PRIORITY_LOW);
  let stdout = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code: code ?? 1, stdout }));
  });
}

/** A tool that is one check as a whole. */
async function check(command: string, args: readonly string[]): Promise<Tally> {
  const { code } = await tool(command, args);
  return { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: [] };
}

type VitestReport = {
  numPassedTests: number;
  numFailedTests: number;
  numFailedTestSuites: number;
  testResults: { assertionResults: { status: string; fullName: string }[] }[];
};

async function vitest(args: readonly string[]): Promise<Tally> {
  const directory = await mkdtemp(join(tmpdir(), 'plumbline-test-'));
  const file = join(directory, 'report.json');
  const { code } = await tool('vitest', [
    'run',
    '--reporter=dot',
    '--reporter=json',
    `--outputFile.json=${file}`,
    ...args,
  ]);
  try {
    const report = JSON.parse(await readFile(file, 'utf8')) as VitestReport;
    const skipped = report.testResults
      .flatMap(({ assertionResults }) => assertionResults)
      .filter(({ status }) => status === 'skipped' || status === 'pending' || status === 'todo')
      .map(({ fullName }) => fullName);
    // A file that does not load has no failed test of its own, and still is one.
    const failed = Math.max(report.numFailedTests, code === 0 ? 0 : 1);
    return { passed: report.numPassedTests, failed, skipped };
  } catch {
    return { passed: 0, failed: 1, skipped: [] };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

type ForgeReport = Record<string, { test_results: Record<string, { status: string; reason: string | null }> }>;

async function forge(): Promise<Tally> {
  const options = { cwd: join(ROOT, 'contracts'), quiet: true, yields: true };
  const { code, stdout } = await tool('forge', ['test', '--json'], options);
  const tally: Tally = { passed: 0, failed: 0, skipped: [] };
  try {
    const report = JSON.parse(stdout.slice(stdout.indexOf('{'))) as ForgeReport;
    for (const [suite, { test_results }] of Object.entries(report)) {
      for (const [test, { status, reason }] of Object.entries(test_results)) {
        if (status === 'Success') tally.passed++;
        else if (status === 'Skipped') tally.skipped.push(`${suite} ${test}: ${reason ?? 'no reason given'}`);
        else {
          tally.failed++;
          console.log(`✗ ${suite} ${test}: ${reason ?? status}`);
        }
      }
    }
  } catch {
    console.log(stdout.slice(0, 4_000));
    tally.failed++;
  }
  if (code !== 0 && tally.failed === 0) tally.failed++;
  console.log(`forge: ${tally.passed} passed, ${tally.failed} failed`);
  return tally;
}

/** One after the other; parts that stand together run together. */
const PARTS: readonly (readonly Part[])[] = [
  [{ name: 'types', run: () => check('tsc', ['--noEmit']) }],
  [{ name: 'style', run: () => check('biome', ['check', '.']) }],
  [{ name: 'unit', run: () => vitest([]) }],
  // Networks wait for their epochs most of the time; contracts are compiled in what they leave, a minute of one core.
  [
    { name: 'integration', run: () => vitest(['--config', 'scripts/vitest.integration.ts']) },
    { name: 'contracts', run: forge },
  ],
];

const { values } = parseArgs({ options: { only: { type: 'string' } } });
const total: Tally = { passed: 0, failed: 0, skipped: [] };

async function runPart({ name, run }: Part): Promise<void> {
  console.log(`── ${name}`);
  const started = performance.now();
  const { passed, failed, skipped } = await run();
  console.log(`── ${name}: ${passed} passed, ${failed} failed, ${((performance.now() - started) / 1000).toFixed(1)} s`);
  total.passed += passed;
  total.failed += failed;
  total.skipped.push(...skipped);
}

for (const together of PARTS) {
  await Promise.all(together.filter(({ name }) => values.only === undefined || name === values.only).map(runPart));
}
for (const one of total.skipped) console.log(`skipped: ${one}`);
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed === 0 && total.passed > 0 ? 0 : 1;
