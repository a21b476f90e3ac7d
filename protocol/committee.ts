import { bigEndian, keccak } from './bytes.ts';
import { WHOLE_SET_MAX } from './limits.ts';
import { totalStake, type WatcherSet } from './set.ts';

/**
 * How many shares a committee has, and how many of them may be Byzantine but once in a million draws while less than a
 * third of the stake is: always less than half. test/protocol/committee.test.ts computes every row again from exact
 * integers; docs/decisions/0008-committees.md derives them.
 */
export type CommitteeSize = { readonly size: number; readonly tailShares: number };

/** For a set whose seats all have the same stake: the draw is then one without replacement (hypergeometric). */
export const EQUAL_COMMITTEES: readonly (CommitteeSize & { readonly seatsMax: number })[] = [
  { seatsMax: 72, size: 47, tailShares: 23 },
  { seatsMax: 80, size: 51, tailShares: 25 },
  { seatsMax: 96, size: 59, tailShares: 29 },
  { seatsMax: 112, size: 67, tailShares: 33 },
  { seatsMax: 128, size: 73, tailShares: 36 },
  { seatsMax: 160, size: 83, tailShares: 41 },
  { seatsMax: 192, size: 91, tailShares: 45 },
  { seatsMax: 256, size: 107, tailShares: 53 },
  { seatsMax: 320, size: 117, tailShares: 58 },
  { seatsMax: 384, size: 125, tailShares: 62 },
  { seatsMax: 512, size: 137, tailShares: 68 },
  { seatsMax: 640, size: 145, tailShares: 72 },
  { seatsMax: 800, size: 153, tailShares: 76 },
  { seatsMax: 1_000, size: 159, tailShares: 79 },
];
/** For any stakes and any number of seats: as many Byzantine shares are no likelier than in as many independent draws. */
export const ANY_COMMITTEE: CommitteeSize = { size: 193, tailShares: 96 };

/** Watchers that probe one service, however many there are: one for each share of the largest committee. */
export const COMMITTEE_WATCHERS_MAX = 193;

/** The committee that a set gets for each service; undefined when a draw would spare nobody, and the whole set probes. */
export function committeeSize({ seats }: WatcherSet): CommitteeSize | undefined {
  if (seats.length <= WHOLE_SET_MAX) return undefined;
  const areEqual = seats.every(({ stake }) => stake === seats[0]!.stake);
  const row = areEqual ? EQUAL_COMMITTEES.find(({ seatsMax }) => seats.length <= seatsMax) : undefined;
  if (row) return { size: row.size, tailShares: row.tailShares };
  return seats.length <= ANY_COMMITTEE.size ? undefined : ANY_COMMITTEE;
}

/** A seat of a committee. It has one share, or more when its stake is more than one share's worth. */
export type Member = { readonly seat: number; readonly shares: number };

const COMMITTEE = new TextEncoder().encode('Plumbline committee');

/**
 * Draws `size` shares: every seat gets, on average over all seeds, shares in exact proportion to its stake, and never
 * differs from that by a whole share. The seats are shuffled; then the remainders below one share meet in pairs, where
 * one takes from the other until it is a share or nothing (the pivotal method of Deville and Tillé, 1998).
 * @param size 1 .. 2^16
 * @returns members ascending by seat, whose shares add up to `size`; nobody when the set has no stake
 */
export function drawCommittee(set: WatcherSet, seed: Uint8Array, serviceId: Uint8Array, size: number): Member[] {
  const total = totalStake(set);
  if (total === 0n) return [];
  const below = draws(seed, serviceId);
  // In units of which `total` make one share.
  const stakes = set.seats.map(({ stake }) => stake * BigInt(size));
  const shares = stakes.map((stake) => Number(stake / total));
  let left: { index: number; rest: bigint } | undefined;
  for (const index of shuffled(set.seats.length, below)) {
    let next = { index, rest: stakes[index]! % total };
    if (next.rest === 0n) continue;
    if (!left) {
      left = next;
      continue;
    }
    const sum: bigint = left.rest + next.rest;
    if (sum < total) {
      // One takes all of both, in proportion to what it brought.
      left = { index: below(sum) < left.rest ? left.index : next.index, rest: sum };
      continue;
    }
    // One becomes a share, the other keeps what is left over: the likelier, the less it lacked.
    const isLeft = below(2n * total - sum) < total - next.rest;
    const winner: number = isLeft ? left.index : next.index;
    shares[winner] = shares[winner]! + 1;
    next = { index: isLeft ? next.index : left.index, rest: sum - total };
    left = next.rest === 0n ? undefined : next;
  }
  return set.seats.map(({ seat }, i) => ({ seat, shares: shares[i]! })).filter((member) => member.shares > 0);
}

/** Fisher and Yates. */
function shuffled(length: number, below: (limit: bigint) => bigint): number[] {
  const order = Array.from({ length }, (_, i) => i);
  for (let i = length - 1; i > 0; i--) {
    const j = Number(below(BigInt(i + 1)));
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}

/** Whole numbers from 0 to below a limit, 64 bits of a hash each: no result is likelier than its share by more than limit / 2^64. */
function draws(seed: Uint8Array, serviceId: Uint8Array): (limit: bigint) => bigint {
  const words: bigint[] = [];
  let blocks = 0;
  return (limit) => {
    if (words.length === 0) {
      const block = keccak(COMMITTEE, seed, serviceId, bigEndian(blocks++, 4));
      const view = new DataView(block.buffer, block.byteOffset, block.byteLength);
      for (const at of [24, 16, 8, 0]) words.push(view.getBigUint64(at));
    }
    return (words.pop()! * limit) >> 64n;
  };
}
