import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { appendHistory, EMPTY_HISTORY, historyRoot } from '../../protocol/history.ts';
import { historyProof, historyProofRoot, historyProofToAbi, verifyHistoryProof } from '../../protocol/historyproof.ts';
import { drawn } from '../../scripts/vectors/world.ts';

const HASHES = Array.from({ length: 300 }, (_, i) => drawn('report', i));
const rootOf = (count: number) => historyRoot(HASHES.slice(0, count).reduce(appendHistory, EMPTY_HISTORY));
const place = fc
  .integer({ min: 1, max: HASHES.length })
  .chain((count) => fc.record({ count: fc.constant(count), index: fc.integer({ min: 0, max: count - 1 }) }));

describe('a proof in the history', () => {
  it('leads from every report to the root', () => {
    for (let count = 1; count <= 40; count++) {
      for (let index = 0; index < count; index++) {
        const proof = historyProof(HASHES.slice(0, count), index);
        expect(verifyHistoryProof(rootOf(count), HASHES[index]!, proof), `${index} of ${count}`).toBe(true);
      }
    }
  });

  it('leads nowhere else when anything of it is bent', () => {
    fc.assert(
      fc.property(place, fc.nat(), fc.integer({ min: 0, max: 255 }), ({ count, index }, which, bit) => {
        const proof = historyProof(HASHES.slice(0, count), index);
        const parts = [HASHES[index]!, ...proof.siblings, ...proof.peaks].map((part) => Uint8Array.from(part));
        parts[which % parts.length]![bit >> 3]! ^= 1 << (bit & 7);
        const [hash, ...path] = parts;
        const siblings = path.slice(0, proof.siblings.length);
        const bent = { ...proof, siblings, peaks: path.slice(proof.siblings.length) };
        expect(verifyHistoryProof(rootOf(count), hash!, bent)).toBe(false);
      }),
      { numRuns: 60 },
    );
  });

  it('proves no report at another place', () => {
    const proof = historyProof(HASHES.slice(0, 13), 4);
    expect(verifyHistoryProof(rootOf(13), HASHES[4]!, { ...proof, index: 5 })).toBe(false);
    expect(verifyHistoryProof(rootOf(13), HASHES[5]!, proof)).toBe(false);
    expect(verifyHistoryProof(rootOf(12), HASHES[4]!, proof)).toBe(false);
  });

  it('is refused outside the history and in another shape', () => {
    expect(() => historyProof(HASHES.slice(0, 3), 3)).toThrow('reports 0 to 2, not 3');
    expect(() => historyProof([], 0)).toThrow('not 0');
    const proof = historyProof(HASHES.slice(0, 6), 5);
    expect(() => historyProofRoot(HASHES[5]!, { ...proof, index: 6 })).toThrow('index 6 of 6');
    expect(() => historyProofRoot(HASHES[5]!, { ...proof, siblings: [] })).toThrow(
      '1 siblings and 1 peaks, not 0 and 1',
    );
  });

  it('has its shape in histories as long as a number can count', () => {
    for (const power of [30, 47, 48, 49, 52, 53]) {
      const count = 2 ** power - 1;
      const siblings = HASHES.slice(0, power - 1);
      const proof = { count, index: 0, siblings, peaks: HASHES.slice(0, power - 1) };
      expect(historyProofRoot(HASHES[0]!, proof), `2^${power} - 1`).toHaveLength(32);
      expect(() => historyProofRoot(HASHES[0]!, { ...proof, siblings: HASHES.slice(0, power) })).toThrow('siblings');
    }
  });

  it('is given to a contract as it is', () => {
    const { count, index, siblings, peaks } = historyProofToAbi(historyProof(HASHES.slice(0, 7), 5));
    expect([count, index, siblings.length, peaks.length]).toEqual([7n, 5n, 1, 2]);
    expect(siblings[0]).toMatch(/^0x[0-9a-f]{64}$/);
  });
});
