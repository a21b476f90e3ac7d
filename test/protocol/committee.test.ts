import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ANY_COMMITTEE,
  COMMITTEE_WATCHERS_MAX,
  committeeSize,
  drawCommittee,
  EQUAL_COMMITTEES,
} from '../../protocol/committee.ts';
import { SEATS_MAX, WHOLE_SET_MAX } from '../../protocol/limits.ts';
import { totalStake } from '../../protocol/set.ts';
import { drawn, setOfWorld } from '../../scripts/vectors/world.ts';

/** Once in this many draws the promise may fail. */
const MILLION = 1_000_000n;

/** C(n, 0) .. C(n, n) */
function binomials(n: number): bigint[] {
  const row = [1n];
  for (let k = 0; k < n; k++) row.push((row[k]! * BigInt(n - k)) / BigInt(k + 1));
  return row;
}

/** Is P(B > most) <= 10^-6 when `size` of `seats` equal seats are drawn, of which as many are Byzantine as less than a third allows? */
function isRareOfEqual(seats: number, size: number, most: number): boolean {
  const byzantine = Math.floor((seats - 1) / 3);
  const [bad, good] = [binomials(byzantine), binomials(seats - byzantine)];
  let ways = 0n;
  for (let k = most + 1; k <= Math.min(size, byzantine); k++) ways += bad[k]! * (good[size - k] ?? 0n);
  return ways * MILLION <= binomials(seats)[size]!;
}

/** Is P(B > most) <= 10^-6 of `size` independent draws, each Byzantine with a probability of a third? */
function isRareOfAny(size: number, most: number): boolean {
  const row = binomials(size);
  let ways = 0n;
  for (let k = most + 1; k <= size; k++) ways += row[k]! * 2n ** BigInt(size - k);
  return ways * MILLION <= 3n ** BigInt(size);
}

describe('the table of committee sizes', () => {
  const rows = EQUAL_COMMITTEES.map((row, i) => {
    const seatsMin = 1 + (EQUAL_COMMITTEES[i - 1]?.seatsMax ?? WHOLE_SET_MAX);
    return { ...row, numbers: Array.from({ length: row.seatsMax - seatsMin + 1 }, (_, n) => seatsMin + n) };
  });

  it('is exact for equal stakes: for every number of seats, more Byzantine shares than it says come once in a million draws', () => {
    for (const { size, tailShares, numbers } of rows) {
      for (const seats of numbers) expect(isRareOfEqual(seats, size, tailShares), `${size} of ${seats}`).toBe(true);
    }
    expect(rows.at(-1)!.seatsMax).toBeGreaterThanOrEqual(SEATS_MAX);
  });

  it('is exact for any stakes: no more Byzantine shares than independent draws would have', () => {
    expect(isRareOfAny(ANY_COMMITTEE.size, ANY_COMMITTEE.tailShares)).toBe(true);
  });

  it('keeps the Byzantine below half, or a leaf could be theirs and no tail would be read', () => {
    for (const { size, tailShares } of [...rows, ANY_COMMITTEE]) expect(2 * tailShares).toBeLessThan(size);
  });

  it('gives nothing away: no smaller committee of a row would do, and no smaller tail', () => {
    for (const { size, tailShares, numbers } of rows) {
      for (let smaller = 3; smaller < size; smaller += 2) {
        expect(
          numbers.every((seats) => isRareOfEqual(seats, smaller, (smaller - 1) / 2)),
          `${smaller}`,
        ).toBe(false);
      }
      expect(
        numbers.every((seats) => isRareOfEqual(seats, size, tailShares - 1)),
        `tail of ${size}`,
      ).toBe(false);
    }
    for (let smaller = 1; smaller < ANY_COMMITTEE.size; smaller++) {
      expect(isRareOfAny(smaller, Math.ceil(smaller / 2) - 1), `${smaller}`).toBe(false);
    }
    expect(isRareOfAny(ANY_COMMITTEE.size, ANY_COMMITTEE.tailShares - 1)).toBe(false);
  });

  it('is the one that the page shows', () => {
    const page = readFileSync(new URL('../../docs/decisions/0008-committees.md', import.meta.url), 'utf8');
    const shown = page
      .split('\n')
      .filter((line) => /^\| (any stakes, )?[\d, …]+(or more )?\| \d+ \| \d+ \|$/.test(line));
    const of = (n: number) => n.toLocaleString('en-US');
    expect(shown).toEqual([
      ...rows.map(
        ({ numbers, seatsMax, size, tailShares }) =>
          `| ${of(numbers[0]!)} … ${of(seatsMax)} | ${size} | ${tailShares} |`,
      ),
      `| any stakes, ${ANY_COMMITTEE.size + 1} or more | ${ANY_COMMITTEE.size} | ${ANY_COMMITTEE.tailShares} |`,
    ]);
  });

  it('draws above 64 watchers: by the row of their number when stakes are equal, else by the row for any', () => {
    const equal = (n: number) => committeeSize(setOfWorld(new Array<bigint>(n).fill(7n)));
    const unequal = (n: number) => committeeSize(setOfWorld([8n, ...new Array<bigint>(n - 1).fill(7n)]));
    expect([0, 1, 64].map(equal)).toEqual([undefined, undefined, undefined]);
    expect([65, 72, 73, 512].map((n) => equal(n)?.size)).toEqual([47, 47, 51, 137]);
    expect(equal(1_001)).toEqual(ANY_COMMITTEE);
    // A committee of 193 shares would leave out nobody: the whole set is as cheap and leaves nothing to chance.
    expect([64, 65, 193].map(unequal)).toEqual([undefined, undefined, undefined]);
    expect(unequal(194)).toEqual(ANY_COMMITTEE);
    expect(COMMITTEE_WATCHERS_MAX).toBe(ANY_COMMITTEE.size);
  });
});

describe('the draw of a committee', () => {
  const stakes = fc.array(fc.bigInt({ min: 0n, max: 1_000n }), { minLength: 1, maxLength: 90 });
  const size = fc.integer({ min: 1, max: 200 });

  it('gives every seat its part of the shares, rounded down or up, no seat twice, and all shares to somebody', () => {
    fc.assert(
      fc.property(stakes, size, fc.nat(), (list, shares, name) => {
        const set = setOfWorld(list);
        const total = totalStake(set);
        fc.pre(total > 0n);
        const members = drawCommittee(set, drawn('seed', name), drawn('service'), shares);
        expect(members.reduce((sum, member) => sum + member.shares, 0)).toBe(shares);
        const seats = members.map(({ seat }) => seat);
        expect(seats).toEqual([...new Set(seats)].sort((a, b) => a - b));
        const of = new Map(members.map((member) => [member.seat, member.shares]));
        list.forEach((stake, seat) => {
          const exact = stake * BigInt(shares);
          const got = BigInt(of.get(seat) ?? 0) * total;
          expect(got > exact - total && got < exact + total, `seat ${seat}`).toBe(true);
        });
      }),
      { numRuns: 200 },
    );
  });

  it('is the same for the same seed and service, and another one for any other', () => {
    const set = setOfWorld(new Array<bigint>(100).fill(5n));
    const of = (seed: string, service: string) => drawCommittee(set, drawn(seed), drawn(service), 67);
    expect(of('a', 'x')).toEqual(of('a', 'x'));
    expect(of('a', 'x')).not.toEqual(of('b', 'x'));
    expect(of('a', 'x')).not.toEqual(of('a', 'y'));
  });

  it('has nobody when nobody has stake', () => {
    expect(drawCommittee(setOfWorld([0n, 0n]), drawn('seed'), drawn('service'), 5)).toEqual([]);
    expect(drawCommittee(setOfWorld([]), drawn('seed'), drawn('service'), 5)).toEqual([]);
  });

  /** Shares by draw of the seats that are picked. */
  const drawMany = (list: readonly bigint[], shares: number, draws: number, isPicked: (seat: number) => boolean) => {
    const set = setOfWorld(list);
    return Array.from({ length: draws }, (_, i) =>
      drawCommittee(set, drawn('seed', i), drawn('service'), shares)
        .filter(({ seat }) => isPicked(seat))
        .reduce((sum, member) => sum + member.shares, 0),
    );
  };
  const meanOf = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  const varianceOf = (values: readonly number[]) => meanOf(values.map((v) => (v - meanOf(values)) ** 2));

  it('gives stake its due on average, however it is split among seats', () => {
    // A sixth of the stake in one seat, another sixth in forty, the rest in thirty. Draws are fixed: this never flickers.
    const list = [400n, ...new Array<bigint>(40).fill(10n), ...Array.from({ length: 30 }, (_, i) => 39n + BigInt(i))];
    const total = Number(list.reduce((a, b) => a + b, 0n));
    for (const [isPicked, stake] of [
      [(seat: number) => seat === 0, 400],
      [(seat: number) => seat >= 1 && seat <= 40, 400],
      [(seat: number) => seat === 50, 48],
    ] as const) {
      const counts = drawMany(list, 20, 1_000, isPicked);
      const mean = (20 * stake) / total;
      expect(Math.abs(meanOf(counts) - mean)).toBeLessThan(5 * Math.sqrt(varianceOf(counts) / 1_000) + 1e-9);
    }
  });

  it('of equal seats is a draw without replacement, wherever in the set the Byzantine sit', () => {
    const [seats, shares, third, draws] = [72, 47, 24, 3_000];
    const exact = (shares * (third / seats) * (1 - third / seats) * (seats - shares)) / (seats - 1);
    for (const isPicked of [(seat: number) => seat < third, (seat: number) => seat % 3 === 0]) {
      const counts = drawMany(new Array<bigint>(seats).fill(5n), shares, draws, isPicked);
      expect(Math.abs(meanOf(counts) - shares / 3)).toBeLessThan(5 * Math.sqrt(exact / draws));
      expect(Math.abs(varianceOf(counts) / exact - 1)).toBeLessThan(5 * Math.sqrt(2 / draws));
    }
  });

  it('of any seats spreads no wider than independent draws', () => {
    const list = Array.from({ length: 240 }, (_, i) => BigInt(1 + (i % 16)));
    const total = Number(list.reduce((a, b) => a + b, 0n));
    for (const isPicked of [(seat: number) => seat % 16 < 9, (seat: number) => seat < 80]) {
      const part = list.reduce((sum, stake, seat) => sum + (isPicked(seat) ? Number(stake) : 0), 0) / total;
      const counts = drawMany(list, 193, 400, isPicked);
      expect(varianceOf(counts)).toBeLessThan(193 * part * (1 - part));
    }
  });
});
