import { bigEndian, keccak, ZERO_BYTES32 } from './bytes.ts';

/**
 * The Merkle mountain range of landed report hashes: perfect trees of descending size, kept as their peaks. Appending
 * costs O(log n) and the root commits to every report ever accepted, in order.
 */
export type History = { readonly count: number; readonly peaks: readonly Uint8Array[] };

export const EMPTY_HISTORY: History = { count: 0, peaks: [] };

/** First byte of what is hashed, so that a leaf, a node and a root can never pass for one another. */
export const HISTORY_LEAF = Uint8Array.of(0);
export const HISTORY_NODE = Uint8Array.of(1);
export const HISTORY_ROOT = Uint8Array.of(2);

/** Appends one report hash; as many peaks merge as the count has trailing ones. */
export function appendHistory(history: History, reportHash: Uint8Array): History {
  const peaks = [...history.peaks];
  let node = keccak(HISTORY_LEAF, reportHash);
  for (let bits = history.count; bits % 2 === 1; bits = (bits - 1) / 2) node = keccak(HISTORY_NODE, peaks.pop()!, node);
  peaks.push(node);
  return { count: history.count + 1, peaks };
}

/** Root = hash(count, peaks left to right); the empty history has the zero root. */
export function historyRoot(history: History): Uint8Array {
  if (history.count === 0) return ZERO_BYTES32;
  return keccak(HISTORY_ROOT, bigEndian(history.count, 8), ...history.peaks);
}
