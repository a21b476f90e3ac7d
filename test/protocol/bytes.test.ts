import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  bigEndian,
  compareBytes,
  concat,
  equalBytes,
  fromBigEndian,
  fromHex,
  keccak,
  toHex,
} from '../../protocol/bytes.ts';

const bytes = fc.uint8Array({ maxLength: 64 });

describe('bytes', () => {
  it('go to hex and back, from any view of a buffer', () => {
    fc.assert(
      fc.property(bytes, (b) => {
        expect(fromHex(toHex(b))).toEqual(b);
        expect(toHex(concat(Uint8Array.of(9), b).subarray(1))).toBe(toHex(b));
      }),
    );
    expect(fromHex('0xABcd')).toEqual(Uint8Array.of(0xab, 0xcd));
  });

  it('refuses hex that is not whole bytes', () => {
    for (const hex of ['0x1', '0xzz', '0x 1', '0x0x', 'abc', '0X00', '0x00\n', '０0']) {
      expect(() => fromHex(hex), hex).toThrow(RangeError);
    }
  });

  it('order as big-endian numbers of one length do', () => {
    const word = fc.bigInt({ min: 0n, max: 2n ** 256n - 1n });
    fc.assert(
      fc.property(word, word, (a, b) => {
        const order = compareBytes(bigEndian(a, 32), bigEndian(b, 32));
        expect(Math.sign(order)).toBe(a < b ? -1 : a > b ? 1 : 0);
        expect(fromBigEndian(bigEndian(a, 32))).toBe(a);
      }),
    );
  });

  it('order as Buffer has it, at any length', () => {
    const word = fc.uint8Array({ maxLength: 5, max: 3 });
    fc.assert(
      fc.property(word, word, (a, b) => {
        expect(compareBytes(a, b)).toBe(Buffer.compare(a, b));
        expect(compareBytes(a, a)).toBe(0);
      }),
    );
  });

  it('refuses a number that does not fit, or is none', () => {
    expect(() => bigEndian(256, 1)).toThrow(RangeError);
    expect(() => bigEndian(-1, 8)).toThrow(RangeError);
    for (const bad of [0.5, Number.NaN, Number.POSITIVE_INFINITY]) expect(() => bigEndian(bad, 8)).toThrow(RangeError);
    expect(fromBigEndian(new Uint8Array(0))).toBe(0n);
  });

  it('hash the concatenation and compare by content and length', () => {
    fc.assert(fc.property(bytes, bytes, (a, b) => equalBytes(keccak(a, b), keccak(concat(a, b)))));
    expect(equalBytes(Uint8Array.of(1), Uint8Array.of(1, 0))).toBe(false);
    expect(toHex(keccak())).toBe('0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470');
  });
});
