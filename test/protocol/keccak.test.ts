import { keccak_256 } from '@noble/hashes/sha3.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concat, keccak, keccakTwice } from '../../protocol/bytes.ts';
import { chooseHash, KECCAK, NOBLE_HASH, startModule } from '../../protocol/keccak.ts';

const patterned = (length: number) => Uint8Array.from({ length }, (_, i) => (31 * i + length) & 0xff);

describe('keccak in WebAssembly', () => {
  it('is what runs here', () => {
    expect(KECCAK).not.toBe(NOBLE_HASH);
  });

  it("gives noble's hash at every length of the first blocks, and around every whole page of input", () => {
    const page = Math.floor((65_536 - 392) / 136) * 136;
    const lengths = [...Array(700).keys(), ...[-137, -136, -1, 0, 1, 136].map((d) => page + d), 2 * page, 3 * page + 5];
    for (const length of lengths) {
      const message = patterned(length);
      expect(Buffer.compare(keccak(message), keccak_256(message)), `${length} bytes`).toBe(0);
      expect(Buffer.compare(keccakTwice(message), keccak_256(keccak_256(message))), `${length} bytes`).toBe(0);
    }
  });

  it('hashes random bytes, however they are cut into parts', () => {
    const parts = fc.array(fc.uint8Array({ maxLength: 300, size: 'max' }), { maxLength: 6 });
    fc.assert(
      fc.property(parts, (list) => {
        const whole = concat(...list);
        expect(keccak(...list)).toEqual(keccak_256(whole));
        expect(keccakTwice(...list)).toEqual(keccak_256(keccak_256(whole)));
      }),
      { numRuns: 300 },
    );
    const long = patterned(70_000);
    for (const cut of [0, 1, 65_007, 65_008, 65_009, 70_000]) {
      expect(keccak(long.subarray(0, cut), long.subarray(cut))).toEqual(keccak_256(long));
    }
  });

  it('carries nothing from one hash into the next, and gives every hash its own bytes', () => {
    const first = keccak(patterned(200_000));
    const copy = first.slice();
    expect(keccak()).toEqual(keccak_256(new Uint8Array()));
    expect(first).toEqual(copy);
  });

  it('writes into memory of the caller, and nowhere beside it', () => {
    for (const hash of [KECCAK, NOBLE_HASH]) {
      const out = new Uint8Array(96).fill(7);
      hash.twiceInto(out, 32, [patterned(50)]);
      expect(out).toEqual(concat(new Uint8Array(32).fill(7), keccakTwice(patterned(50)), new Uint8Array(32).fill(7)));
      expect(() => hash.twiceInto(out, 65, [])).toThrow(RangeError);
    }
  });

  it('hashes two nodes of a tree into a third, and nothing beside it', () => {
    for (const hash of [KECCAK, NOBLE_HASH]) {
      const bytes = patterned(4 * 32);
      const before = bytes.slice();
      hash.pairInto(new Uint32Array(bytes.buffer), 1, 3, 0);
      expect(bytes.subarray(32, 64)).toEqual(keccak(before.subarray(96), before.subarray(0, 32)));
      bytes.set(before.subarray(32, 64), 32);
      expect(bytes).toEqual(before);
    }
  });

  it('agrees with the known hashes of nothing and of "abc"', () => {
    const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
    expect(hex(keccak())).toBe('c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470');
    expect(hex(keccak(Buffer.from('abc')))).toBe('4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45');
  });
});

describe('the choice of the hash', () => {
  it('falls to noble where the module does not start or computes something else', () => {
    const failing = () => {
      throw new Error('no WebAssembly');
    };
    expect(chooseHash(failing)).toBe(NOBLE_HASH);
    expect(chooseHash(() => ({ ...startModule(), twice: () => new Uint8Array(32) }))).toBe(NOBLE_HASH);
    expect(NOBLE_HASH.once([Uint8Array.of(1), Uint8Array.of(2)])).toEqual(keccak(Uint8Array.of(1, 2)));
    expect(NOBLE_HASH.twice([Uint8Array.of(1)])).toEqual(keccakTwice(Uint8Array.of(1)));
  });
});
