import { ZERO_BYTES32 } from './bytes.ts';
import { KECCAK } from './keccak.ts';
import { merkleTree } from './merkle.ts';

/**
 * The root of merkle.ts's tree for tens of thousands of leaves, of which nobody asks for proofs: all hashes lie one behind
 * the other in one piece of memory, because as many small objects would cost more than the hashing.
 */

const HASH_BYTES = 32;

/** Leaf hashes, one behind the other: a list that is filled once. */
export class LeafList {
  readonly hashes: Uint8Array;
  private at = 0;

  constructor(count: number) {
    this.hashes = new Uint8Array(count * HASH_BYTES);
  }

  static of(hashes: readonly Uint8Array[]): LeafList {
    const list = new LeafList(hashes.length);
    for (const hash of hashes) list.add(hash);
    return list;
  }

  /** @throws RangeError when the list is full */
  add(hash: Uint8Array): void {
    this.hashes.set(hash, this.at);
    this.at += HASH_BYTES;
  }

  /** Adds keccak256(keccak256(bytes)). @throws RangeError when the list is full */
  hash(bytes: Uint8Array): void {
    KECCAK.twiceInto(this.hashes, this.at, [bytes]);
    this.at += HASH_BYTES;
  }
}

/** @param list full, in any order; equal leaves are refused as by merkleTree */
export function merkleRoot({ hashes: leaves }: LeafList): Uint8Array {
  const count = leaves.length / HASH_BYTES;
  if (count === 0) return ZERO_BYTES32;
  const nodes = new Uint8Array((2 * count - 1) * HASH_BYTES);
  const hashAt = (memory: Uint8Array, i: number) => memory.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES);
  let last = 2 * count - 1;
  for (const index of orderByBeginning(leaves)) nodes.set(hashAt(leaves, index), --last * HASH_BYTES);
  // Leaves stand last in the tree, the smallest at the end. Where beginnings were equal, their order may be wrong, or the
  // leaves may be equal altogether: then the plain way decides.
  for (let i = last; i < 2 * count - 2; i++) {
    if (!isBefore(nodes, i + 1, i)) return merkleTree(Array.from({ length: count }, (_, k) => hashAt(leaves, k))).root;
  }
  for (let i = last - 1; i >= 0; i--) {
    const [left, right] = [hashAt(nodes, 2 * i + 1), hashAt(nodes, 2 * i + 2)];
    const pair = isBefore(nodes, 2 * i + 1, 2 * i + 2) ? [left, right] : [right, left];
    KECCAK.onceInto(nodes, i * HASH_BYTES, pair);
  }
  return nodes.slice(0, HASH_BYTES);
}

/**
 * The leaves' indices, ascending by the hashes' first bits. A whole number below 2^53 holds those bits above and the index
 * below, and numbers sort many times as fast as bytes: of 2^16 leaves it compares 37 bits, of 2^21 still 32.
 */
function orderByBeginning(leaves: Uint8Array): number[] {
  const count = leaves.length / HASH_BYTES;
  const indexBits = Math.max(5, 32 - Math.clz32(count - 1));
  const keys = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const at = i * HASH_BYTES;
    const high = leaves[at]! * 2 ** 16 + leaves[at + 1]! * 2 ** 8 + leaves[at + 2]!;
    const low = leaves[at + 3]! * 2 ** 16 + leaves[at + 4]! * 2 ** 8 + leaves[at + 5]!;
    keys[i] = Math.floor((high * 2 ** 24 + low) / 2 ** (indexBits - 5)) * 2 ** indexBits + i;
  }
  return Array.from(keys.sort(), (key) => key % 2 ** indexBits);
}

/** Whether node `a` is smaller than node `b`, byte by byte. */
function isBefore(nodes: Uint8Array, a: number, b: number): boolean {
  for (let i = 0; i < HASH_BYTES; i++) {
    const [left, right] = [nodes[a * HASH_BYTES + i]!, nodes[b * HASH_BYTES + i]!];
    if (left !== right) return left < right;
  }
  return false;
}
