import fc from 'fast-check';
import { expect } from 'vitest';
import { toHex } from '../../protocol/bytes.ts';
import type { Call, Harness, Reply } from './harness.ts';

/** Cases of one area in `npm test`; more for a long run. */
const CASES = Number(process.env.PLUMBLINE_DIFFERENTIAL_CASES ?? 300);
const SEED = Number(process.env.PLUMBLINE_DIFFERENTIAL_SEED ?? Date.now() & 0x7fffffff);
/** Of one area: a machine that has other work takes some ten milliseconds for a case. */
export const TIMEOUT_MILLIS = 60_000 + 200 * CASES;
/** Cases in one eth_call. */
const BATCH = 64;

/**
 * Draws cases and asks both sides, many at a time. Prints the seed first: with it, and the same number of cases, a run is the same
 * again. A disagreement is shrunk to the smallest batch that shows it.
 * @param callOf the question that the contract is asked. @param expectedOf what TypeScript says to it
 * @param share of CASES, for areas of which one case takes long
 */
export async function agree<T>(
  what: string,
  harness: Harness,
  cases: fc.Arbitrary<T>,
  callOf: (one: T) => Call,
  expectedOf: (one: T) => Reply,
  share = 1,
): Promise<void> {
  // A batch is a third full on average: short lists are drawn more often.
  const runs = Math.ceil((3 * CASES * share) / BATCH);
  let count = 0;
  let refused = 0;
  console.log(`${what}: PLUMBLINE_DIFFERENTIAL_SEED=${SEED} PLUMBLINE_DIFFERENTIAL_CASES=${CASES}`);
  await fc.assert(
    fc.asyncProperty(fc.array(cases, { minLength: 1, maxLength: BATCH, size: 'max' }), async (batch) => {
      const replies = await harness.ask(batch.map(callOf));
      batch.forEach((one, i) => {
        const expected = expectedOf(one);
        expect(show(replies[i]), `the contract's answer to ${show(one)}`).toBe(show(expected));
        count++;
        if ('error' in expected) refused++;
      });
    }),
    { seed: SEED, numRuns: runs, reporter: report },
  );
  console.log(`${what}: ${count} cases agree, ${refused} of them refused by both`);
}

/** What fast-check says of a failure without the drawn values: those stand, in fewer words, in the error itself. */
function report<T>({ failed, seed, counterexamplePath, errorInstance }: fc.RunDetails<T>): void {
  if (!failed) return;
  const message = errorInstance instanceof Error ? errorInstance.message : String(errorInstance);
  throw new Error(`seed ${seed}, path ${counterexamplePath}: ${message}`, { cause: errorInstance });
}

function show(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => {
    if (part instanceof Uint8Array) return toHex(part);
    return typeof part === 'bigint' ? `${part}n` : part;
  });
}
