import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bigEndian, keccak, toHex } from '../../protocol/bytes.ts';
import { appendHistory, EMPTY_HISTORY, historyRoot } from '../../protocol/history.ts';
import { drawn } from '../../scripts/vectors/world.ts';

const historyOf = (hashes: readonly Uint8Array[]) => hashes.reduce(appendHistory, EMPTY_HISTORY);
const hashesOf = (count: number) => Array.from({ length: count }, (_, i) => drawn('report', i));

/** The root of a perfect tree over 2^k leaves, the slow way. */
function perfect(hashes: readonly Uint8Array[]): Uint8Array {
  if (hashes.length === 1) return keccak(Uint8Array.of(0), hashes[0]!);
  const half = hashes.length / 2;
  return keccak(Uint8Array.of(1), perfect(hashes.slice(0, half)), perfect(hashes.slice(half)));
}

/** Peaks from the binary digits of the count, largest first. */
function naiveRoot(hashes: readonly Uint8Array[]): Uint8Array {
  const peaks: Uint8Array[] = [];
  let at = 0;
  for (let size = 2 ** 20; size >= 1; size /= 2) {
    if (Math.floor(hashes.length / size) % 2 === 0) continue;
    peaks.push(perfect(hashes.slice(at, at + size)));
    at += size;
  }
  return keccak(Uint8Array.of(2), bigEndian(hashes.length, 8), ...peaks);
}

describe('the history', () => {
  it('is the mountain range of its hashes at every length up to 70', () => {
    for (let count = 1; count <= 70; count++) {
      expect(historyRoot(historyOf(hashesOf(count)))).toEqual(naiveRoot(hashesOf(count)));
    }
  });

  it('keeps as many peaks as its count has ones', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 300 }), (count) => {
        const { peaks } = historyOf(hashesOf(count));
        expect(peaks).toHaveLength([...count.toString(2)].filter((digit) => digit === '1').length);
      }),
      { numRuns: 40 },
    );
  });

  it('has the zero root when empty and another one for every prefix and order', () => {
    expect(historyRoot(EMPTY_HISTORY)).toEqual(new Uint8Array(32));
    const hashes = hashesOf(33);
    const roots = hashes.map((_, i) => toHex(historyRoot(historyOf(hashes.slice(0, i + 1)))));
    expect(new Set(roots).size).toBe(33);
    expect(historyRoot(historyOf([hashes[1]!, hashes[0]!]))).not.toEqual(historyRoot(historyOf(hashes.slice(0, 2))));
  });

  it('never changes what it was given', () => {
    const history = historyOf(hashesOf(7));
    const peaks = [...history.peaks];
    appendHistory(history, drawn('next'));
    expect(history.peaks).toEqual(peaks);
    expect(history.count).toBe(7);
  });
});
