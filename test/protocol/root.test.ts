import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keccakTwice } from '../../protocol/bytes.ts';
import { merkleTree } from '../../protocol/merkle.ts';
import { LeafList, merkleRoot } from '../../protocol/root.ts';
import { drawn } from '../../scripts/vectors/world.ts';

const expectSameRoot = (leaves: readonly Uint8Array[]) =>
  expect(merkleRoot(LeafList.of(leaves))).toEqual(merkleTree(leaves).root);

describe('the root of many leaves', () => {
  it("is the tree's at every size up to 70, and of some thousands", () => {
    for (let count = 0; count <= 70; count++) expectSameRoot(Array.from({ length: count }, (_, i) => drawn('leaf', i)));
    for (const count of [1_023, 1_024, 1_025, 5_000]) {
      expectSameRoot(Array.from({ length: count }, (_, i) => drawn('leaf', count, i)));
    }
  });

  it('is the same where leaves begin alike, by one bit more or less', () => {
    const beginning = fc.constantFrom(0, 4, 5, 6, 7, 20, 31);
    fc.assert(
      fc.property(fc.array(beginning, { minLength: 1, maxLength: 40 }), (shared) => {
        const leaves = shared.map((length, i) => {
          const leaf = drawn('leaf', i);
          leaf.set(new Uint8Array(length).fill(length));
          leaf[31] = i;
          return leaf;
        });
        expectSameRoot(leaves);
        expectSameRoot(leaves.toReversed());
      }),
    );
  });

  it('does not exist for equal leaves', () => {
    const leaves = [drawn('a'), drawn('b'), drawn('c')];
    for (const twice of leaves) {
      expect(() => merkleRoot(LeafList.of([...leaves, twice]))).toThrow(/two equal leaves/);
    }
  });

  it('is of leaves hashed twice, and of no more than the list has room for', () => {
    const list = new LeafList(2);
    list.hash(drawn('a'));
    list.add(keccakTwice(drawn('b')));
    expect(merkleRoot(list)).toEqual(merkleTree([keccakTwice(drawn('a')), keccakTwice(drawn('b'))]).root);
    expect(() => list.hash(drawn('c'))).toThrow(RangeError);
    expect(() => list.add(drawn('c'))).toThrow(RangeError);
  });
});
