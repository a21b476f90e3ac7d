import { describe, expect, it } from 'vitest';
import { U8, U16, U32, U64, U256 } from '../../protocol/uint.ts';

describe('the integers of the wire', () => {
  it.each([
    ['u8', U8, 255],
    ['u16', U16, 65_535],
    ['u32', U32, 2 ** 32 - 1],
    ['u64', U64, Number.MAX_SAFE_INTEGER],
  ] as const)('%s carries both ends and refuses what it cannot hold', (_, type, max) => {
    for (const value of [0, 1, max - 1, max]) expect(type.deserialize(type.serialize(value))).toBe(value);
    for (const value of [-1, -0.5, 0.5, max + 1, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      expect(() => type.serialize(value), String(value)).toThrow(RangeError);
    }
  });

  it('u256 carries both ends and refuses what it cannot hold', () => {
    const max = 2n ** 256n - 1n;
    for (const value of [0n, 1n, max]) expect(U256.deserialize(U256.serialize(value))).toBe(value);
    for (const value of [-1n, max + 1n]) expect(() => U256.serialize(value)).toThrow(RangeError);
  });
});
