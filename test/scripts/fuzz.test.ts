import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Random } from '../../scripts/fuzz/random.ts';
import { keepFailure, replay } from '../../scripts/fuzz/replay.ts';
import { type FuzzOptions, fuzz, HEAP_GROWTH_BYTES_MAX } from '../../scripts/fuzz/run.ts';
import { TARGETS } from '../../scripts/fuzz/targets.ts';
import { TARGETS as PLANTED } from './fuzz/planted.ts';

let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'plumbline-fuzz-test-'));
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

const module = pathToFileURL(join(import.meta.dirname, 'fuzz', 'planted.ts')).href;
const among = (name: string, options: Partial<FuzzOptions> = {}) =>
  fuzz({ seed: 1, inputs: 4_000, workers: 1, only: [name], targets: module, ...options });

test('twenty thousand inputs break no decoder and no validator', async () => {
  const { failures, inputs, fuzz: tallies } = await fuzz({ seed: 1, inputs: 20_000, workers: 2 });
  expect(failures.map(({ target, index, what }) => `${target} ${index}: ${what}`)).toEqual([]);
  expect(inputs).toBe(20_000);
  // A target that accepts nothing, or everything, tests one half of its code.
  for (const [name, { accepted, rejected }] of Object.entries(tallies)) {
    expect([name, accepted > 10, rejected > 10]).toEqual([name, true, true]);
  }
});

describe('an input', () => {
  test.each(TARGETS.map((target) => [target.name, target] as const))(
    'of %s is a function of seed and index',
    (_, target) => {
      const make = (seed: number, index: number) =>
        target.open({ scratch }).generate(new Random(seed, target.name, index));
      const once = Array.from({ length: 40 }, (_value, index) => make(5, index));
      const session = target.open({ scratch });
      const again = once.map((_value, index) => session.generate(new Random(5, target.name, index)));
      expect(again).toEqual(once);
      expect(once.map((_value, index) => make(6, index))).not.toEqual(once);
    },
  );
});

describe('a planted mistake is found:', () => {
  test.each([
    ['range-error', /^threw RangeError: not ours/],
    ['trailing-bytes', /not the canonical encoding/],
    ['changes-input', /changed its input/],
    ['slow', /took \d+ µs, at most 50000/],
  ])('%s', async (name, what) => {
    const { failures } = await among(name, { inputs: 300 });
    expect(failures.length).toBeGreaterThan(0);
    expect(failures[0]!.what).toMatch(what);
  });

  test('endless, and the run goes on to its end', async () => {
    const { failures, fuzz: tallies } = await among('endless', { inputs: 80, hangMillis: 1_000 });
    expect(failures.length).toBeGreaterThan(0);
    expect(failures[0]!.what).toMatch(/did not end within 1000 ms/);
    expect(failures[0]!.input.length).toBeLessThan(8);
    expect(tallies.endless!.inputs).toBe(80);
  });

  test('a leak', async () => {
    const { failures, heapGrowthBytes } = await among('leak');
    expect(heapGrowthBytes).toBeGreaterThan(HEAP_GROWTH_BYTES_MAX);
    expect(failures[0]!.what).toMatch(/memory grew by/);
  });

  test('none where there is none', async () => {
    expect((await among('sound')).failures).toEqual([]);
  });
});

describe('a failing input', () => {
  test('is kept with seed and target, and fails again', async () => {
    const { failures } = await among('trailing-bytes', { seed: 3 });
    const file = await keepFailure(scratch, 3, failures[0]!);
    expect(await replay(file, PLANTED, { scratch })).toBe(failures[0]!.what);
  });

  test('fails no more once the mistake is mended', async () => {
    const { failures } = await among('trailing-bytes');
    const file = await keepFailure(scratch, 1, failures[0]!);
    const mended = PLANTED.map((target) => ({ ...PLANTED[0]!, name: target.name }));
    expect(await replay(file, mended, { scratch })).toBeUndefined();
  });

  test('is the same for any number of workers', async () => {
    const [one, two] = await Promise.all([among('range-error'), among('range-error', { workers: 2 })]);
    expect(two.failures[0]).toEqual(one.failures[0]);
  });
});

test('a name that is no target is refused with those that are', async () => {
  await expect(fuzz({ seed: 1, inputs: 1, workers: 1, only: ['comit'] })).rejects.toThrow(
    /no such target: comit;.*commit/,
  );
});
