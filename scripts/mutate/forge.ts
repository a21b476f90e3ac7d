import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { PlumblineError } from '../../protocol/error.ts';
import { forgePath } from '../forge.ts';

const BIN = join(import.meta.dirname, '..', '..', 'node_modules', '.bin');

/** The suite takes seconds of a free machine; one that shares its processors with a long simulation must not look like a loop. */
const RUN_MILLIS_MAX = 1_800_000;
/** No test needs a thirtieth of it; a mutation that loops for ever ends here, after a minute or two. */
const TEST_GAS_MAX = '30000000000';
/** What forge prints of a run without traces is below a megabyte; the end is what says how it went. */
const OUTPUT_CHARACTERS_MAX = 4_000_000;

/**
 * Unoptimised code compiles in a fifth of the time and is larger than a chain would take; what it does is the same. A
 * warning, such as for a parameter that a mutation leaves unused, must not stop the compiler.
 */
const FAST = { FOUNDRY_OPTIMIZER: 'false', FOUNDRY_DISABLE_CODE_SIZE_LIMIT: 'true', FOUNDRY_DENY: 'never' };

export type Verdict =
  /** `by`: the first failing test in alphabetical order, as `Contract.test`. */
  { readonly outcome: 'killed'; readonly by: string } | { readonly outcome: 'survived' };

let running: ChildProcess | undefined;

/** Ends the forge that runs, if any. */
export function stopForge(): void {
  running?.kill('SIGKILL');
}

/** Runs `forge test`. @throws PlumblineError `mutation` when it does not come to run the tests */
export async function forgeTest(
  cwd: string,
  args: readonly string[],
  options: { fast: boolean; env?: Readonly<Record<string, string>> },
): Promise<Verdict> {
  const env = {
    ...process.env,
    ...(options.fast
      ? FAST
      : { FOUNDRY_DENY: 'never', FOUNDRY_OUT: 'out-default', FOUNDRY_CACHE_PATH: 'cache-default' }),
    ...options.env,
    PATH: `${BIN}:${process.env.PATH}`,
    FOUNDRY_GAS_LIMIT: TEST_GAS_MAX,
    NO_COLOR: '1',
  };
  const child = spawn(forgePath(), ['test', ...args], {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running = child;
  let output = '';
  let timedOut = false;
  const keep = (chunk: Buffer) => {
    output = (output + chunk.toString()).slice(-OUTPUT_CHARACTERS_MAX);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const timer = setTimeout(() => {
    timedOut = true;
    stopForge();
  }, RUN_MILLIS_MAX);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  clearTimeout(timer);
  running = undefined;
  if (timedOut) return { outcome: 'killed', by: `no end within ${RUN_MILLIS_MAX / 1_000} s` };
  const failing = failingTests(output);
  if (failing.length > 0) return { outcome: 'killed', by: failing[0]! };
  const passed = /^Ran \d+ test suites? in .*: (\d+) tests passed, 0 failed/m.exec(output)?.[1];
  if (code === 0 && Number(passed) > 0) return { outcome: 'survived' };
  throw new PlumblineError('mutation', `forge ran no test (${args.join(' ')}); it said:\n${output.slice(-3_000)}`, {
    code,
  });
}

/** `Contract.test` of every failure, from the summary at the end of forge's output. */
export function failingTests(output: string): string[] {
  const names: string[] = [];
  let contract = '';
  for (const line of output.slice(output.lastIndexOf('\nFailing tests:')).split('\n')) {
    contract = /^Encountered \d+ failing tests? in .*:(\w+)$/.exec(line)?.[1] ?? contract;
    const test = /^\[FAIL.*\] (\w+)\(/.exec(line)?.[1];
    if (test !== undefined && contract !== '') names.push(`${contract}.${test}`);
  }
  return names.sort();
}
