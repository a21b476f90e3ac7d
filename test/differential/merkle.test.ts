import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { equalBytes, toHex } from '../../protocol/bytes.ts';
import { leafHash, leafToAbi } from '../../protocol/leaf.ts';
import { hashPair, merkleProof, merkleTree, merkleVerify } from '../../protocol/merkle.ts';
import { agree, TIMEOUT_MILLIS } from './agree.ts';
import { change, changed, hash32, hashes, leaf, treeSize } from './arbitraries.ts';
import { type Harness, startHarness } from './harness.ts';

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness('ProofHarness');
});
afterAll(() => harness.stop());

/** A place in a tree, and what somebody does to its proof. `start`: what is claimed to be the leaf. */
const place = treeSize.chain((size) =>
  fc.record({
    size: fc.constant(size),
    index: fc.nat({ max: size - 1 }),
    seed: fc.nat({ max: 0xffff }),
    start: fc.constantFrom('leaf', 'leaf', 'leaf', 'another leaf', 'an inner node', 'nothing'),
    change,
  }),
);
type Place = typeof place extends fc.Arbitrary<infer T> ? T : never;

function claimOf({ size, index, seed, start, change: how }: Place) {
  const leaves = hashes(seed, size);
  const tree = merkleTree(leaves);
  const node = {
    leaf: leaves[index]!,
    'another leaf': leaves[(index + 1) % size]!,
    'an inner node': tree.nodes[index % tree.nodes.length]!,
    nothing: new Uint8Array(32),
  }[start]!;
  return { tree, node, proof: changed(merkleProof(tree, leaves[index]!), how) };
}

describe('a Merkle proof, in TypeScript and on an EVM', { timeout: TIMEOUT_MILLIS }, () => {
  it('leads to the same root, whatever is done to it', async () => {
    await agree(
      'Merkle proofs',
      harness,
      place,
      (one) => {
        const { node, proof } = claimOf(one);
        return { name: 'merkleRoot', args: [toHex(node), proof.map(toHex)] };
      },
      (one) => {
        const { tree, node, proof } = claimOf(one);
        const root = proof.reduce(hashPair, node);
        expect(merkleVerify(tree.root, node, proof)).toBe(equalBytes(root, tree.root));
        if (one.start === 'leaf' && one.change.how === 'none') expect(root).toEqual(tree.root);
        return { value: toHex(root) };
      },
    );
  });

  it('of a whole leaf starts at the same hash', async () => {
    await agree(
      'leaves',
      harness,
      fc.record({ leaf, proof: fc.array(hash32, { maxLength: 33 }) }),
      (one) => ({ name: 'leafRoot', args: [leafToAbi(one.leaf), one.proof.map(toHex)] }),
      (one) => {
        const start = leafHash(one.leaf);
        return { value: [toHex(start), toHex(one.proof.reduce(hashPair, start))] };
      },
    );
  });
});
