import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isWithinKm, kmMaxOf } from '../../protocol/locality.ts';

/** The least round trip that physics allows over so many metres, in microseconds, as the watcher's clock reads it. */
function leastMicros(metres: bigint): number {
  const picoseconds = (2n * metres * 1_000_000_000_000n) / 299_792_458n;
  return Number(picoseconds / 1_000_000n);
}

describe('the distance that a round trip proves', () => {
  it('is half of light’s way, rounded up', () => {
    expect(kmMaxOf(0)).toBe(1);
    expect(kmMaxOf(1_000)).toBe(151);
    expect(kmMaxOf(10_000)).toBe(1_500);
    expect(kmMaxOf(133_426)).toBe(20_001);
    expect(kmMaxOf(2 ** 32 - 2)).toBe(643_799_402);
  });

  it('is never less than the true one, whatever the way is made of', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 20_038_000n }), fc.nat(1_000_000), (metres, slowerMicros) => {
        const seen = leastMicros(metres) + slowerMicros;
        expect(BigInt(kmMaxOf(seen)) * 1_000n).toBeGreaterThanOrEqual(metres);
        // So nobody proves to be nearer than they are.
        if (isWithinKm(seen, Number(metres / 1_000n))) expect(metres % 1_000n).toBe(0n);
      }),
    );
  });

  it('grows with the round trip, and is within two clock ticks and a kilometre of light’s way', () => {
    fc.assert(
      fc.property(fc.nat(2 ** 32 - 2), (rttMicros) => {
        expect(kmMaxOf(rttMicros + 1)).toBeGreaterThanOrEqual(kmMaxOf(rttMicros));
        const metres = (BigInt(rttMicros) * 299_792_458n) / 2_000_000n;
        expect(BigInt(kmMaxOf(rttMicros)) * 1_000n - metres).toBeLessThanOrEqual(1_300n);
      }),
    );
  });

  it('proves a claim of that many kilometres, and none of fewer', () => {
    const km = kmMaxOf(5_000);
    expect([isWithinKm(5_000, km), isWithinKm(5_000, km - 1)]).toEqual([true, false]);
  });
});
