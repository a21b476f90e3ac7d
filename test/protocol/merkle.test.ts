import { SimpleMerkleTree, StandardMerkleTree } from '@openzeppelin/merkle-tree';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keccak, toHex } from '../../protocol/bytes.ts';
import { encodeLeaf, leafHash } from '../../protocol/leaf.ts';
import { hashPair, merkleProof, merkleTree, merkleVerify } from '../../protocol/merkle.ts';
import { LEAF } from '../../scripts/vectors/digests.ts';
import { drawn } from '../../scripts/vectors/world.ts';

const leavesOf = (count: number): Uint8Array[] => Array.from({ length: count }, (_, i) => drawn('leaf', i));

describe('the Merkle tree', () => {
  it("has OpenZeppelin's root and proofs at every size up to 40", () => {
    for (let count = 1; count <= 40; count++) {
      const leaves = leavesOf(count);
      const ours = merkleTree(leaves);
      const theirs = SimpleMerkleTree.of(leaves.map(toHex));
      expect(toHex(ours.root)).toBe(theirs.root);
      for (const leaf of leaves) {
        const proof = merkleProof(ours, leaf);
        expect(proof.map(toHex)).toEqual(theirs.getProof(toHex(leaf)));
        expect(merkleVerify(ours.root, leaf, proof)).toBe(true);
      }
    }
  });

  it("hashes a leaf of abi-encoded words as OpenZeppelin's standard tree does", () => {
    const word = (i: number) => toHex(drawn('word', i));
    const values = Array.from({ length: 9 }, (_, i) => [word(i), BigInt(i)] as [string, bigint]);
    const theirs = StandardMerkleTree.of(values, ['bytes32', 'uint256']);
    const hashes = values.map((value) => theirs.leafHash(value));
    const ours = merkleTree(hashes.map((hash) => Uint8Array.from(Buffer.from(hash.slice(2), 'hex'))));
    expect(toHex(ours.root)).toBe(theirs.root);
    // leafHash is keccak256(keccak256(abi.encode(...))), as theirs: the leaf struct has no dynamic part.
    const encoded = Uint8Array.from(Buffer.from(encodeLeaf(LEAF).slice(2), 'hex'));
    expect(leafHash(LEAF)).toEqual(keccak(keccak(encoded)));
    expect(encoded).toHaveLength(27 * 32);
  });

  it('does not depend on the order of its leaves', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 30 }), fc.infiniteStream(fc.nat()), (count, draws) => {
        const leaves = leavesOf(count);
        const shuffled = leaves.map((leaf) => ({ leaf, key: draws.next().value })).sort((a, b) => a.key - b.key);
        expect(merkleTree(shuffled.map(({ leaf }) => leaf)).root).toEqual(merkleTree(leaves).root);
      }),
    );
  });

  it('refuses equal leaves and leaves that it does not hold', () => {
    const leaves = leavesOf(5);
    expect(() => merkleTree([...leaves, leaves[2]!])).toThrow(/two equal leaves/);
    expect(() => merkleProof(merkleTree(leaves), drawn('other'))).toThrow(/not in this tree/);
    expect(() => merkleProof(merkleTree([]), drawn('other'))).toThrow(/not in this tree/);
  });

  it('proves no inner node as a leaf by merkleProof, and nothing by the zero root', () => {
    const leaves = leavesOf(4);
    const tree = merkleTree(leaves);
    expect(() => merkleProof(tree, tree.nodes[1]!)).toThrow(/not in this tree/);
    const empty = merkleTree([]);
    expect(empty.root).toEqual(new Uint8Array(32));
    expect(merkleVerify(empty.root, drawn('x'), [])).toBe(false);
  });

  it('fails a proof with one bit changed', () => {
    const leaves = leavesOf(9);
    const tree = merkleTree(leaves);
    const proof = merkleProof(tree, leaves[3]!).map((node) => Uint8Array.from(node));
    proof[1]![0]! ^= 1;
    expect(merkleVerify(tree.root, leaves[3]!, proof)).toBe(false);
    expect(hashPair(leaves[0]!, leaves[1]!)).toEqual(hashPair(leaves[1]!, leaves[0]!));
  });
});
