import { compareBytes, keccak, ZERO_BYTES32 } from './bytes.ts';
import { PlumblineError } from './error.ts';

/**
 * A Merkle tree as OpenZeppelin's StandardMerkleTree lays it out: leaves sorted, stored last in a heap-shaped array,
 * each pair hashed in sorted order. Proofs verify with OpenZeppelin's MerkleProof on chain. The tree of no leaves has
 * the zero root, which proves nothing.
 */
export type MerkleTree = { readonly root: Uint8Array; readonly nodes: readonly Uint8Array[] };

export function hashPair(a: Uint8Array, b: Uint8Array): Uint8Array {
  return compareBytes(a, b) < 0 ? keccak(a, b) : keccak(b, a);
}

/** @param leaves leaf hashes (32 bytes, already double-hashed) in any order; equal leaves are refused */
export function merkleTree(leaves: readonly Uint8Array[]): MerkleTree {
  if (leaves.length === 0) return { root: ZERO_BYTES32, nodes: [] };
  const sorted = [...leaves].sort(compareBytes);
  const nodes = new Array<Uint8Array>(2 * sorted.length - 1);
  sorted.forEach((leaf, i) => {
    if (i > 0 && compareBytes(sorted[i - 1]!, leaf) === 0) {
      throw new PlumblineError('merkle', 'two equal leaves: a tree names every leaf once');
    }
    nodes[nodes.length - 1 - i] = leaf;
  });
  for (let i = nodes.length - 1 - sorted.length; i >= 0; i--) nodes[i] = hashPair(nodes[2 * i + 1]!, nodes[2 * i + 2]!);
  return { root: nodes[0]!, nodes };
}

/** The sibling path of a leaf, bottom up. @throws PlumblineError `merkle` when the leaf is not in the tree */
export function merkleProof(tree: MerkleTree, leaf: Uint8Array): Uint8Array[] {
  let index = tree.nodes.length - 1;
  while (index >= (tree.nodes.length - 1) / 2 && compareBytes(tree.nodes[index]!, leaf) !== 0) index--;
  if (tree.nodes.length === 0 || index < (tree.nodes.length - 1) / 2) {
    throw new PlumblineError('merkle', 'the leaf is not in this tree');
  }
  const proof: Uint8Array[] = [];
  for (; index > 0; index = (index - 1) >> 1) proof.push(tree.nodes[index % 2 === 0 ? index - 1 : index + 1]!);
  return proof;
}

export function merkleVerify(root: Uint8Array, leaf: Uint8Array, proof: readonly Uint8Array[]): boolean {
  return compareBytes(proof.reduce(hashPair, leaf), root) === 0;
}
