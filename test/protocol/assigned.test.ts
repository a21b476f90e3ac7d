import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Assignment,
  assignedTo,
  assignmentOf,
  drawOf,
  electionEpoch,
  everyone,
  owedBy,
  tailThreshold,
} from '../../protocol/assigned.ts';
import { slotsOf } from '../../protocol/assignment.ts';
import { compareBytes } from '../../protocol/bytes.ts';
import { THIRD } from '../../protocol/combine.ts';
import { COMMITTEE_WATCHERS_MAX } from '../../protocol/committee.ts';
import { totalStake, type WatcherSet } from '../../protocol/set.ts';
import { drawn, serviceOfWorld, setOfWorld, signatureOf } from '../../scripts/vectors/world.ts';

const SERVICES = [serviceOfWorld(0, 4), serviceOfWorld(1, 4), serviceOfWorld(2, 4)];
const setOf = (seats: number, stakeOf = (_: number) => 700n): WatcherSet =>
  setOfWorld(Array.from({ length: seats }, (_, i) => stakeOf(i)));
const drawnBy = (set: WatcherSet, services = SERVICES): Assignment =>
  assignmentOf(set, set, drawOf(set, drawn('seed'), services), []);

describe('who is assigned', () => {
  it('is the whole set with its stake up to 64 watchers', () => {
    const set = setOf(64, (i) => BigInt(i + 1));
    const assignment = drawnBy(set);
    expect(assignment).toEqual(everyone(set));
    const assigned = assignedTo(assignment, SERVICES[0]!);
    expect(assigned).toHaveLength(64);
    for (const { seat, watcher, weight } of assigned) {
      expect(set.seats[seat]!.watcher).toEqual(watcher);
      expect(weight).toBe(BigInt(seat + 1));
    }
  });

  it('is a committee above, each share with its part of the stake, another one for every service', () => {
    for (const [set, size] of [
      [setOf(72), 47],
      [setOf(300), 117],
      [setOf(300, (i) => BigInt(100 + i)), 193],
    ] as const) {
      const assignment = drawnBy(set);
      const committees = SERVICES.map((service) => assignedTo(assignment, service));
      const worth = totalStake(set) / BigInt(size);
      for (const assigned of committees) {
        expect(assigned.every(({ weight }) => weight % worth === 0n && weight > 0n)).toBe(true);
        expect(assigned.reduce((sum, { weight }) => sum + weight, 0n)).toBe(worth * BigInt(size));
        expect(assigned.map(({ watcher }) => watcher)).toEqual(
          assigned.map(({ watcher }) => watcher).sort(compareBytes),
        );
      }
      expect(committees[0]!.map(({ seat }) => seat)).not.toEqual(committees[1]!.map(({ seat }) => seat));
    }
  });

  it('is nobody for a service that came after the seed, which could have been made to fit it', () => {
    const assignment = drawnBy(setOf(72), SERVICES.slice(0, 2));
    expect(assignedTo(assignment, SERVICES[2]!)).toEqual([]);
    expect(owedBy(assignment, setOf(72).seats[0]!.watcher)(SERVICES[2]!)).toBe(false);
  });

  it('owes slots of the services of its committees and of no other', () => {
    const set = setOf(72);
    const assignment = drawnBy(set);
    for (const { watcher, seat } of set.seats) {
      const slots = slotsOf(SERVICES, signatureOf('vrf'), 60, owedBy(assignment, watcher));
      const owed = SERVICES.flatMap((service, index) =>
        assignedTo(assignment, service).some((one) => one.seat === seat) ? [index, index, index, index] : [],
      );
      expect(slots.map(({ service }) => service)).toEqual(owed);
    }
    // At the same moments as if it owed them all.
    const { watcher } = set.seats[0]!;
    const all = slotsOf(SERVICES, signatureOf('vrf'), 60);
    const owes = owedBy(assignment, watcher);
    expect(slotsOf(SERVICES, signatureOf('vrf'), 60, owes)).toEqual(
      all.filter(({ service }) => owes(SERVICES[service]!)),
    );
  });

  it('is never more watchers than a provider was promised, whatever the set and whatever it was before', () => {
    const seats = fc.integer({ min: 1, max: 512 });
    fc.assert(
      fc.property(seats, seats, fc.boolean(), fc.boolean(), (now, before, isEqual, isEqualBefore) => {
        const set = setOf(now, (i) => (isEqual ? 700n : BigInt(700 + i)));
        const electorate = setOf(before, (i) => (isEqualBefore ? 700n : BigInt(700 + i)));
        const assignment = assignmentOf(set, electorate, drawOf(electorate, drawn('seed'), SERVICES), []);
        const assigned = assignedTo(assignment, SERVICES[0]!);
        expect(assigned.length).toBeLessThanOrEqual(COMMITTEE_WATCHERS_MAX);
        expect(assigned.length).toBeGreaterThan(0);
      }),
      { numRuns: 60 },
    );
  });
});

describe('an election', () => {
  it('is held among those who were there before the seed of the period was known', () => {
    expect([0, 1, 2, 7].map((period) => electionEpoch(period, 1_440))).toEqual([0, 0, 1_440, 8_640]);
  });

  it('holds for its period: who came later waits, who left is missed', () => {
    const [before, after] = [setOf(80), setOf(120)];
    const draw = drawOf(before, drawn('seed'), SERVICES);
    const committee = assignedTo(assignmentOf(before, before, draw, []), SERVICES[0]!);
    expect(assignedTo(assignmentOf(after, before, draw, []), SERVICES[0]!)).toEqual(committee);
    expect(assignedTo(assignmentOf(setOf(10), before, draw, []), SERVICES[0]!)).toEqual(committee);
  });

  it('without a draw lets the running set probe, unless that would be too many', () => {
    const [few, some, many] = [setOf(40), setOf(150), setOf(400)];
    expect(assignmentOf(some, few, undefined, [])).toEqual(everyone(some));
    expect(assignmentOf(many, few, undefined, [])).toEqual(everyone(few));
  });
});

describe('the threshold of the tail', () => {
  const small = { size: 47, tailShares: 23 };
  const large = { size: 193, tailShares: 96 };
  const tails = [
    { lastEpoch: 9, size: large },
    { lastEpoch: 29, size: small },
  ];

  it('is a third where everyone probed, and what the table says where a committee did', () => {
    expect(tailThreshold(everyone(setOf(4)), 0)).toEqual(THIRD);
    expect(tailThreshold(drawnBy(setOf(72)), 0)).toEqual({ part: 23n, of: 47n });
    expect(tailThreshold(drawnBy(setOf(300, (i) => BigInt(100 + i))), 0)).toEqual({ part: 96n, of: 193n });
  });

  it('is the largest of all committees that a window reaches back to', () => {
    const now = everyone(setOf(4), tails);
    expect(tailThreshold(now, 30)).toEqual(THIRD);
    expect(tailThreshold(now, 29)).toEqual({ part: 23n, of: 47n });
    expect(tailThreshold(now, 10)).toEqual({ part: 23n, of: 47n });
    expect(tailThreshold(now, 9)).toEqual({ part: 96n, of: 193n });
  });
});
