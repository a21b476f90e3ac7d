import { equalBytes } from './bytes.ts';
import { PlumblineError } from './error.ts';

/** One seat of a watcher set version. */
export type Seat = {
  /** 0 .. 511: the bit of this watcher in every bitmap. */
  readonly seat: number;
  /** keccak256 of the 256-byte EIP-2537 public key: the watcher's name in every artefact. */
  readonly watcher: Uint8Array;
  /** Compressed G2, 96 bytes. */
  readonly publicKey: Uint8Array;
  /** Effective stake (capped at registration): the only weight there is. */
  readonly stake: bigint;
  readonly operator: string;
  readonly operatorId: string;
  /** Declared region, 0 = none. */
  readonly region: number;
};

/** A watcher set version, seats ascending. */
export type WatcherSet = { readonly id: number; readonly seats: readonly Seat[] };

export function totalStake(set: WatcherSet): bigint {
  return set.seats.reduce((sum, seat) => sum + seat.stake, 0n);
}

/** Strictly more than two thirds: safe and live with less than one third Byzantine. */
export function isQuorum(signed: bigint, total: bigint): boolean {
  return 3n * signed > 2n * total;
}

export function seatOf(set: WatcherSet, watcher: Uint8Array): Seat | undefined {
  return set.seats.find((seat) => equalBytes(seat.watcher, watcher));
}

export function seatAt(set: WatcherSet, index: number): Seat | undefined {
  return set.seats.find((seat) => seat.seat === index);
}

/** @throws PlumblineError `seat` when the set has no such seat */
export function requireSeat(set: WatcherSet, index: number): Seat {
  const seat = seatAt(set, index);
  if (!seat) throw new PlumblineError('seat', `set ${set.id} has no seat ${index}`);
  return seat;
}

export function stakeOf(set: WatcherSet, seats: Iterable<number>): bigint {
  let sum = 0n;
  for (const index of new Set(seats)) sum += requireSeat(set, index).stake;
  return sum;
}
