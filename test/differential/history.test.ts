import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toHex } from '../../protocol/bytes.ts';
import { PlumblineError } from '../../protocol/error.ts';
import { appendHistory, EMPTY_HISTORY, historyRoot } from '../../protocol/history.ts';
import { type HistoryProof, historyProof, historyProofRoot, historyProofToAbi } from '../../protocol/historyproof.ts';
import { agree, TIMEOUT_MILLIS } from './agree.ts';
import { change, changed, hashes, treeSize, uint } from './arbitraries.ts';
import { type Harness, startHarness } from './harness.ts';

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness('ProofHarness');
});
afterAll(() => harness.stop());

/** A report of a history: one that is there, or a proof of the right shape in one that nobody can build. */
type Place = { readonly built: boolean; readonly count: bigint; readonly index: bigint; readonly seed: number };

function placesIn(built: boolean, counts: fc.Arbitrary<bigint>): fc.Arbitrary<Place> {
  return counts.chain((count) =>
    fc.record({
      built: fc.constant(built),
      count: fc.constant(count),
      index: fc.bigInt({ min: 0n, max: count - 1n }),
      seed: fc.nat({ max: 0xffff }),
    }),
  );
}

/** Up to what a number holds, and around powers of two. */
const longCount = fc
  .oneof(
    uint(53),
    fc
      .tuple(fc.integer({ min: 1, max: 53 }), fc.integer({ min: -2, max: 2 }))
      .map(([power, by]) => 2n ** BigInt(power) + BigInt(by)),
  )
  .filter((count) => count > 0n && count < 2n ** 53n);
const place = fc.oneof(placesIn(true, treeSize.map(BigInt)), placesIn(false, longCount));

function claimOf({ built, count, index, seed }: Place): { report: Uint8Array; proof: HistoryProof; root?: Uint8Array } {
  if (built) {
    const reports = hashes(seed, Number(count));
    const root = historyRoot(reports.reduce(appendHistory, EMPTY_HISTORY));
    return { report: reports[Number(index)]!, proof: historyProof(reports, Number(index)), root };
  }
  const { height, others } = shapeOf(count, index);
  const [report, ...rest] = hashes(seed, 1 + height + others) as [Uint8Array, ...Uint8Array[]];
  const [siblings, peaks] = [rest.slice(0, height), rest.slice(height)];
  return { report, proof: { count: Number(count), index: Number(index), siblings, peaks } };
}

/** By the definition: one tree for each set bit of the count, the largest first. */
function shapeOf(count: bigint, index: bigint): { height: number; others: number } {
  const bits = [...count.toString(2)].map((digit, i, all) => ({ digit, height: all.length - 1 - i }));
  const trees = bits.filter(({ digit }) => digit === '1');
  let first = 0n;
  for (const { height } of trees) {
    first += 2n ** BigInt(height);
    if (index < first) return { height, others: trees.length - 1 };
  }
  throw new RangeError('outside the history');
}

const bent = fc.record({
  place,
  siblings: change,
  peaks: change,
  count: fc.constantFrom(0, 0, 0, 0, 0, 0, 1, -1, 64, Number.NEGATIVE_INFINITY),
  index: fc.constantFrom(0, 0, 0, 0, 0, 0, 1, -1, 64, Number.POSITIVE_INFINITY),
});
type Bent = typeof bent extends fc.Arbitrary<infer T> ? T : never;

function bend(one: Bent) {
  const { report, proof, root } = claimOf(one.place);
  const within = (n: number) => Math.min(Math.max(n, 0), Number.MAX_SAFE_INTEGER);
  const sent: HistoryProof = {
    count: within(proof.count + one.count),
    index: within(proof.index + one.index),
    siblings: changed(proof.siblings, one.siblings),
    peaks: changed(proof.peaks, one.peaks),
  };
  const isBent = one.siblings.how !== 'none' || one.peaks.how !== 'none' || one.count !== 0 || one.index !== 0;
  return { report, sent, expectedRoot: isBent ? undefined : root };
}

describe('a history proof, in TypeScript and on an EVM', { timeout: TIMEOUT_MILLIS }, () => {
  it('leads to the same root or is refused by both, whatever is done to it', async () => {
    await agree(
      'history proofs',
      harness,
      bent,
      (one) => {
        const { report, sent } = bend(one);
        return { name: 'historyRoot', args: [toHex(report), historyProofToAbi(sent)] };
      },
      (one) => {
        const { report, sent, expectedRoot } = bend(one);
        try {
          const root = historyProofRoot(report, sent);
          if (expectedRoot) expect(root).toEqual(expectedRoot);
          return { value: toHex(root) };
        } catch (error) {
          if (!(error instanceof PlumblineError) || error.code !== 'history') throw error;
          if (sent.index >= sent.count) return { error: `HistoryIndexOutOfRange(${sent.index},${sent.count})` };
          const { height, others } = shapeOf(BigInt(sent.count), BigInt(sent.index));
          const given = [sent.siblings.length, height, sent.peaks.length, others];
          return { error: `HistoryProofShape(${given.join(',')})` };
        }
      },
    );
  });
});
