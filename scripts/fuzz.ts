/**
 * Fuzzes everything that reads bytes which somebody else may have written: `npm run fuzz -- --inputs 1000000`.
 * docs/FUZZING.md says what it checks.
 *
 *   --inputs N     inputs of all targets together (200,000)
 *   --seed N       another seed gives other inputs (1)
 *   --target NAME  only this one; may be repeated
 *   --workers N    threads (2)
 *   --out FOLDER   where failing inputs are written (a new one under the system's temporary folder)
 *   --json         ends with one line for machines
 *   --replay FILE  runs one failing input again
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { errorMessage } from '../protocol/error.ts';
import { keepFailure, replay } from './fuzz/replay.ts';
import { type FuzzResult, fuzz } from './fuzz/run.ts';

/** How often a long run says how far it is. */
const PROGRESS_MILLIS = 10_000;

const { values } = parseArgs({
  options: {
    inputs: { type: 'string', default: '200000' },
    seed: { type: 'string', default: '1' },
    target: { type: 'string', multiple: true, default: [] },
    workers: { type: 'string', default: '2' },
    out: { type: 'string' },
    json: { type: 'boolean', default: false },
    replay: { type: 'string' },
  },
});

function whole(name: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw new Error(`--${name} ${text}: give a whole number from ${min} to ${max}`);
}

async function newFolder(): Promise<string> {
  if (values.out === undefined) return mkdtemp(join(tmpdir(), 'plumbline-fuzz-failures-'));
  await mkdir(values.out, { recursive: true });
  return values.out;
}

async function again(file: string): Promise<boolean> {
  const { TARGETS } = await import('./fuzz/targets.ts');
  const scratch = await mkdtemp(join(tmpdir(), 'plumbline-fuzz-'));
  try {
    const what = await replay(file, TARGETS, { scratch });
    console.log(what === undefined ? `${file}: nothing fails any more` : `${file}: ${what}`);
    return what === undefined;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function run(): Promise<boolean> {
  const seed = whole('seed', values.seed, 0, Number.MAX_SAFE_INTEGER);
  const inputs = whole('inputs', values.inputs, 1, 1e12);
  let said = performance.now();
  const result = await fuzz({
    seed,
    inputs,
    workers: whole('workers', values.workers, 1, 64),
    only: values.target,
    onProgress: (done) => {
      if (performance.now() - said < PROGRESS_MILLIS) return;
      said = performance.now();
      console.error(`${group(done)} of ${group(inputs)} inputs`);
    },
  });
  show(result);
  const folder = result.failures.length > 0 ? await newFolder() : '';
  const failures: { target: string; index: number; what: string; file: string }[] = [];
  for (const failure of result.failures) {
    const file = await keepFailure(folder, seed, failure);
    const { target, index, what } = failure;
    failures.push({ target, index, what, file });
    console.log(`✗ ${target} ${index}: ${what}\n  ${file}`);
  }
  if (values.json) console.log(JSON.stringify({ ...result, seed, failures }));
  return failures.length === 0;
}

function show({ fuzz: tallies, inputs, seconds, heapGrowthBytes }: FuzzResult): void {
  console.log(
    `${'target'.padEnd(20)}${['inputs', 'accepted', 'worst µs'].map((title) => title.padStart(12)).join('')}`,
  );
  for (const [name, tally] of Object.entries(tallies)) {
    const figures = [tally.inputs, tally.accepted, tally.worstMicros].map((figure) => group(figure).padStart(12));
    console.log(`${name.padEnd(20)}${figures.join('')}`);
  }
  console.log(`${group(inputs)} inputs in ${seconds.toFixed(1)} s; heap growth ${group(heapGrowthBytes)} bytes`);
}

const group = (value: number) => value.toLocaleString('en-US');

try {
  const holds = await (values.replay === undefined ? run() : again(values.replay));
  process.exitCode = holds ? 0 : 1;
} catch (error) {
  console.error(errorMessage(error));
  process.exitCode = 2;
}
