import { describe, expect, test } from 'vitest';
import type { RegisteredPeer } from '../../../platform/network/registered.ts';
import { drawSpread } from '../../../platform/network/spread.ts';
import { numbers } from './contacts.fixture.ts';

function peer(seat: number, change: Partial<RegisteredPeer> = {}): RegisteredPeer {
  return {
    seat,
    peer: `peer ${seat}`,
    stake: 100n,
    operators: [`operator ${seat}`],
    region: 0,
    asn: 0,
    endpoints: [],
    networks: [`network ${seat}`],
    ...change,
  };
}
const many = (count: number, change: (seat: number) => Partial<RegisteredPeer> = () => ({})) =>
  Array.from({ length: count }, (_, seat) => peer(seat, change(seat)));
const seats = (peers: readonly RegisteredPeer[]) => peers.map(({ seat }) => seat);

describe('a draw from the registry', () => {
  test('is the same for the same numbers, and another for others', () => {
    const draw = (seed: number) => seats(drawSpread(many(50), [], 8, numbers(seed)));
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
  });

  test('never has more than asked for, kept ones included, nor any peer twice', () => {
    expect(drawSpread(many(50), many(3), 8, numbers(1))).toHaveLength(5);
    expect(drawSpread(many(50), many(9), 8, numbers(1))).toEqual([]);
    expect(drawSpread(many(3), [], 8, numbers(1))).toHaveLength(3);
    const claimed = many(6, () => ({ peer: 'the same peer' }));
    expect(drawSpread(claimed, [], 8, numbers(1))).toHaveLength(1);
    expect(drawSpread(claimed, [peer(9, { peer: 'the same peer' })], 8, numbers(1))).toEqual([]);
  });

  test.each([
    ['operators', (i: number) => ({ operators: [`account ${i}`, `name ${i % 8}`] })],
    ['networks', (i: number) => ({ networks: [`network ${i % 8}`, `other ${i}`] })],
    ['autonomous systems', (i: number) => ({ asn: 1 + (i % 8) })],
    ['regions', (i: number) => ({ region: 1 + (i % 8) })],
  ])('takes one of each of the %s when there are enough', (_what, change) => {
    for (let seed = 0; seed < 20; seed += 1) {
      const drawn = drawSpread(many(40, change), [], 8, numbers(seed));
      expect(new Set(drawn.map(({ seat }) => seat % 8)).size).toBe(8);
    }
  });

  test('takes several of one kind rather than none, and of operators last', () => {
    const three = many(30, (i) => ({ operators: [`operator ${i % 3}`], region: 1 }));
    const drawn = drawSpread(three, [], 8, numbers(1));
    expect(drawn).toHaveLength(8);
    expect(new Set(drawn.slice(0, 3).map(({ operators }) => operators[0])).size).toBe(3);
    const network = many(30, (i) => ({ networks: ['one'], operators: [`operator ${i % 10}`] }));
    expect(new Set(drawSpread(network, [], 8, numbers(1)).map(({ operators }) => operators[0])).size).toBe(8);
  });

  test('keeps away from what is kept already', () => {
    const kept = [peer(99, { networks: ['network 0'], operators: ['operator 1'] })];
    for (let seed = 0; seed < 20; seed += 1) {
      const drawn = drawSpread(many(10), kept, 9, numbers(seed));
      expect(seats(drawn)).not.toContain(0);
      expect(seats(drawn)).not.toContain(1);
    }
  });

  test('goes by stake: many cheap seats weigh what they hold', () => {
    // 10 seats with 90 % of the stake, 90 with the rest.
    const set = many(100, (i) => ({ stake: i < 10 ? 810n : 10n }));
    let rich = 0;
    for (let seed = 0; seed < 1_000; seed += 1) rich += drawSpread(set, [], 1, numbers(seed))[0]!.seat < 10 ? 1 : 0;
    expect(rich).toBeGreaterThan(850);
    expect(rich).toBeLessThan(950);
  });
});
