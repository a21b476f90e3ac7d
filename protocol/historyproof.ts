import { bigEndian, compareBytes, type Hex, keccak, toHex } from './bytes.ts';
import { PlumblineError } from './error.ts';
import { appendHistory, EMPTY_HISTORY, HISTORY_LEAF, HISTORY_NODE, HISTORY_ROOT } from './history.ts';

/**
 * The path from one report hash to the root of a history: the siblings bottom up to the peak of its tree, and the other trees'
 * peaks from left to right. `index` counts from 0 in the order of landing. The contract's History library checks the same.
 */
export type HistoryProof = {
  readonly count: number;
  readonly index: number;
  readonly siblings: readonly Uint8Array[];
  readonly peaks: readonly Uint8Array[];
};

/** In which tree a leaf lies: its position there, the tree's height, and the number of its peak from the left. */
function placeOf(index: number, count: number): { position: number; height: number; peak: number } {
  let position = index;
  let rest = count;
  for (let peak = 0; ; peak++) {
    // Not by a logarithm, which rounds the one of 2^49 - 1 up.
    let height = 0;
    for (let size = 2; size <= rest; size *= 2) height++;
    if (position < 2 ** height) return { position, height, peak };
    position -= 2 ** height;
    rest -= 2 ** height;
  }
}

/**
 * @param reportHashes all that the history holds, in the order of landing
 * @throws PlumblineError `history` when there is no report of this index
 */
export function historyProof(reportHashes: readonly Uint8Array[], index: number): HistoryProof {
  const count = reportHashes.length;
  if (!Number.isInteger(index) || index < 0 || index >= count) {
    throw new PlumblineError('history', `the history has reports 0 to ${count - 1}, not ${index}`);
  }
  const { position, height, peak } = placeOf(index, count);
  const first = index - position;
  let level = reportHashes.slice(first, first + 2 ** height).map((hash) => keccak(HISTORY_LEAF, hash));
  const siblings: Uint8Array[] = [];
  for (let at = position; level.length > 1; at >>= 1) {
    siblings.push(level[at ^ 1]!);
    level = Array.from({ length: level.length / 2 }, (_, i) => keccak(HISTORY_NODE, level[2 * i]!, level[2 * i + 1]!));
  }
  const { peaks } = reportHashes.reduce(appendHistory, EMPTY_HISTORY);
  return { count, index, siblings, peaks: peaks.filter((_, i) => i !== peak) };
}

/** The root to which the proof leads. @throws PlumblineError `history` when its shape is not that of (index, count) */
export function historyProofRoot(reportHash: Uint8Array, proof: HistoryProof): Uint8Array {
  const { count, index, siblings, peaks } = proof;
  if (index < 0 || index >= count) throw new PlumblineError('history', `index ${index} of ${count} reports`);
  const { position, height, peak } = placeOf(index, count);
  const others = [...count.toString(2)].filter((digit) => digit === '1').length - 1;
  if (siblings.length !== height || peaks.length !== others) {
    const expected = `${height} siblings and ${others} peaks, not ${siblings.length} and ${peaks.length}`;
    throw new PlumblineError('history', `the proof of report ${index} of ${count} has ${expected}`);
  }
  const node = siblings.reduce(
    (hash, sibling, i) =>
      Math.floor(position / 2 ** i) % 2 === 1
        ? keccak(HISTORY_NODE, sibling, hash)
        : keccak(HISTORY_NODE, hash, sibling),
    keccak(HISTORY_LEAF, reportHash),
  );
  return keccak(HISTORY_ROOT, bigEndian(count, 8), ...peaks.slice(0, peak), node, ...peaks.slice(peak));
}

export function verifyHistoryProof(root: Uint8Array, reportHash: Uint8Array, proof: HistoryProof): boolean {
  return compareBytes(historyProofRoot(reportHash, proof), root) === 0;
}

/** As `verifyLeafAt` takes it. */
export function historyProofToAbi({ count, index, siblings, peaks }: HistoryProof): {
  count: bigint;
  index: bigint;
  siblings: Hex[];
  peaks: Hex[];
} {
  const [low, high] = [siblings.map(toHex), peaks.map(toHex)];
  return { count: BigInt(count), index: BigInt(index), siblings: low, peaks: high };
}
