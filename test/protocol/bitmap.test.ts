import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bitmapOf, seatsOf } from '../../protocol/bitmap.ts';
import { SEATS_MAX } from '../../protocol/limits.ts';

describe('the seat bitmap', () => {
  it('gives its seats back, ascending and once', () => {
    const seats = fc.array(fc.integer({ min: 0, max: SEATS_MAX - 1 }));
    fc.assert(
      fc.property(seats, (list) => {
        expect(seatsOf(bitmapOf(list))).toEqual([...new Set(list)].sort((a, b) => a - b));
      }),
    );
  });

  it('puts seat i at bit i of the low word and seat 256 + i at bit i of the high one', () => {
    expect(bitmapOf([0])).toEqual([1n, 0n]);
    expect(bitmapOf([255])).toEqual([1n << 255n, 0n]);
    expect(bitmapOf([256])).toEqual([0n, 1n]);
    expect(bitmapOf([511])).toEqual([0n, 1n << 255n]);
  });

  it('refuses what is no seat', () => {
    for (const seat of [-1, 512, 0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => bitmapOf([seat])).toThrow(RangeError);
    }
  });
});
