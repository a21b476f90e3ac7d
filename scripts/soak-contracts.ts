/**
 * `npm run soak:contracts`: the invariants of the contracts under millions of random calls. Prints what was called and how it
 * ended; exits with 1 when an invariant broke.
 *
 *   npm run soak:contracts -- --calls 5000000 --seed 7 --json    ends with one line for machines
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { forgePath } from './forge.ts';

/** As in contracts/foundry.toml: calls of one run. */
const DEPTH = 1_000;

const { values } = parseArgs({
  options: {
    calls: { type: 'string', default: '5000000' },
    seed: { type: 'string', default: `${Date.now()}` },
    json: { type: 'boolean', default: false },
  },
});
const runs = Math.ceil(Number(values.calls) / DEPTH);
if (!Number.isSafeInteger(runs) || runs < 1) {
  console.error(`--calls must be a number of at least 1, and is ${values.calls}`);
  process.exit(2);
}

const root = join(import.meta.dirname, '..');
const bin = join(root, 'node_modules', '.bin');
const started = performance.now();
const child = spawn(
  forgePath(),
  ['test', '--match-path', 'test/invariants/*', '--fuzz-seed', `0x${BigInt(values.seed).toString(16)}`],
  {
    cwd: join(root, 'contracts'),
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      ...process.env,
      PATH: `${bin}:${process.env.PATH}`,
      FOUNDRY_INVARIANT_RUNS: `${runs}`,
      FOUNDRY_INVARIANT_DEPTH: `${DEPTH}`,
    },
  },
);
/** Calls by function, from forge's table; a later one stands for an earlier. */
const called: Record<string, { calls: number; reverts: number }> = {};
createInterface({ input: child.stdout }).on('line', (line) => {
  console.log(line);
  const row = /^\| Handler\s+\| (\w+)\s+\| (\d+)\s+\| (\d+)\s/.exec(line);
  if (row) called[row[1]!] = { calls: Number(row[2]), reverts: Number(row[3]) };
});
child.once('error', (error) => {
  console.error(`forge did not start: ${error.message}; run npm ci`);
  process.exitCode = 1;
});
child.once('close', (code) => {
  const seconds = (performance.now() - started) / 1_000;
  const how = code === 0 ? 'no invariant broke' : 'an invariant broke, or forge failed: see above';
  console.log(`${runs * DEPTH} calls in ${runs} runs, seed ${values.seed}, ${seconds.toFixed(0)} s: ${how}`);
  const holds = code === 0;
  const total = Object.values(called).reduce((sum, { calls }) => sum + calls, 0);
  if (values.json) {
    console.log(JSON.stringify({ soak: 'contracts', seed: values.seed, runs, calls: total, seconds, called, holds }));
  }
  process.exitCode = holds ? 0 : 1;
});
