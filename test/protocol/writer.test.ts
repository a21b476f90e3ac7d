import { ContainerType } from '@chainsafe/ssz';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { U8, U16, U32, U64, U256 } from '../../protocol/uint.ts';
import { Writer } from '../../protocol/writer.ts';

const Ssz = new ContainerType({ a: U8, b: U16, c: U32, d: U64, e: U256 });

it('writes whole numbers as SSZ does', () => {
  const record = fc.record({
    a: fc.nat({ max: 0xff }),
    b: fc.nat({ max: 0xffff }),
    c: fc.nat({ max: 0xffffffff }),
    d: fc.maxSafeNat(),
    e: fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }),
  });
  const writer = new Writer(47);
  fc.assert(
    fc.property(record, (value) => {
      writer.restart();
      writer.u8(value.a);
      writer.u16(value.b);
      writer.u32(value.c);
      writer.u64(value.d);
      writer.u256(value.e);
      expect(writer.written()).toEqual(Ssz.serialize(value));
    }),
  );
});

it('writes pairs as one number of 16 bits and one of 32, and refuses others', () => {
  const writer = new Writer(12);
  writer.pairs([1, 2, 0xffff, 0xffffffff]);
  expect([...writer.written()]).toEqual([1, 0, 2, 0, 0, 0, 255, 255, 255, 255, 255, 255]);
  for (const pair of [[2 ** 16, 0], [-1, 0], [0, 2 ** 32], [0, 0.5], [Number.NaN, 0], [1]]) {
    writer.restart();
    expect(() => writer.pairs(pair), String(pair)).toThrow(RangeError);
  }
});

it('refuses numbers that their field does not hold', () => {
  const bad = [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53];
  const writer = new Writer(64);
  for (const value of [...bad, 2 ** 8]) expect(() => writer.u8(value)).toThrow(RangeError);
  for (const value of [...bad, 2 ** 16]) expect(() => writer.u16(value)).toThrow(RangeError);
  for (const value of [...bad, 2 ** 32]) expect(() => writer.u32(value)).toThrow(RangeError);
  for (const value of bad) expect(() => writer.u64(value)).toThrow(RangeError);
  for (const value of [-1n, 2n ** 256n]) expect(() => writer.u256(value)).toThrow(RangeError);
  expect(writer.written()).toHaveLength(0);
});

it('refuses bytes of another length, and more than it has room for', () => {
  const writer = new Writer(4);
  expect(() => writer.raw(new Uint8Array(3), 4)).toThrow(/3 bytes where 4 belong/);
  writer.raw(Uint8Array.of(1, 2, 3, 4), 4);
  expect(() => writer.u8(1)).toThrow(RangeError);
  expect([...writer.written()]).toEqual([1, 2, 3, 4]);
});
