import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isQuorum, requireSeat, seatAt, seatOf, stakeOf, totalStake } from '../../protocol/set.ts';
import { drawn, setOfWorld } from '../../scripts/vectors/world.ts';

const set = setOfWorld([10n, 20n, 0n, 40n]);

describe('a watcher set', () => {
  it('finds seats by number and by watcher', () => {
    expect(seatAt(set, 3)?.stake).toBe(40n);
    expect(seatOf(set, drawn('watcher', 1))?.seat).toBe(1);
    expect(seatOf(set, drawn('nobody'))).toBeUndefined();
    expect(() => requireSeat(set, 4)).toThrow('set 1 has no seat 4');
  });

  it('counts every seat once, however often it is named', () => {
    expect(totalStake(set)).toBe(70n);
    expect(stakeOf(set, [0, 0, 3, 3, 3])).toBe(50n);
    expect(() => stakeOf(set, [0, 9])).toThrow(/no seat 9/);
  });

  it('has a quorum strictly above two thirds, and none without stake', () => {
    expect(isQuorum(2n, 3n)).toBe(false);
    expect(isQuorum(667n, 1_000n)).toBe(true);
    expect(isQuorum(666n, 1_000n)).toBe(false);
    expect(isQuorum(0n, 0n)).toBe(false);
    expect(isQuorum(2n ** 128n, 2n ** 128n)).toBe(true);
  });

  it('has no two quorums that share less than a third of the stake', () => {
    const stake = fc.bigInt({ min: 0n, max: 1_000n });
    fc.assert(
      fc.property(stake, stake, stake, stake, (onlyA, onlyB, both, none) => {
        const total = onlyA + onlyB + both + none;
        if (isQuorum(onlyA + both, total) && isQuorum(onlyB + both, total)) expect(3n * both > total).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});
