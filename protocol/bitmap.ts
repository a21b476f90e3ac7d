import { SEATS_MAX } from './limits.ts';

/** A set of seats as the two words that the contracts take: bit i of [low, high] is seat i. */
export type SeatBitmap = readonly [low: bigint, high: bigint];

const WORD = (1n << 256n) - 1n;

/** @throws RangeError for a seat outside 0 .. SEATS_MAX - 1 */
export function bitmapOf(seats: Iterable<number>): SeatBitmap {
  let bits = 0n;
  for (const seat of seats) {
    if (!Number.isInteger(seat) || seat < 0 || seat >= SEATS_MAX) throw new RangeError(`no such seat: ${seat}`);
    bits |= 1n << BigInt(seat);
  }
  return [bits & WORD, bits >> 256n];
}

/** The seats of a bitmap in ascending order. */
export function seatsOf(bitmap: SeatBitmap): number[] {
  let bits = bitmap[0] | (bitmap[1] << 256n);
  const seats: number[] = [];
  for (let seat = 0; bits > 0n; seat++, bits >>= 1n) if ((bits & 1n) === 1n) seats.push(seat);
  return seats;
}
