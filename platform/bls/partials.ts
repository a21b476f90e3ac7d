import { PlumblineError } from '../../protocol/error.ts';
import { AGGREGATE_MAX, type Bls, type Keyed } from './bls.ts';

/** One seat's signature on the message that all seats sign. */
export interface Partial extends Keyed {
  /** Index of the seat in its set version. */
  readonly seat: number;
}

export interface Combined {
  /** The aggregate of the accepted partials, already verified; undefined when none is left or they sum to infinity. */
  readonly signature: Uint8Array | undefined;
  /** The seats in `signature`, ascending. */
  readonly seats: readonly number[];
  /** The seats whose partial is not a signature of theirs on the message, ascending. */
  readonly rejected: readonly number[];
}

/**
 * Sums partial signatures on one message and finds out which are bad: sum, verify once, and only when that fails split
 * in two halves and repeat (bisect.ts). n good partials cost one verification, b bad ones about b·log2(n / b) + b more.
 *
 * A seat is rejected only after its partial failed on its own. The other way round is not promised: bad partials whose
 * errors cancel (s + d and s' − d) pass together, because their sum is the valid aggregate of exactly these keys, and a
 * certificate needs no more than that. Beside a third bad partial the same two may be rejected.
 *
 * Keys must be distinct and their possession proven. Throws `bls-aggregate` on a repeated seat or more than AGGREGATE_MAX.
 */
export function combinePartials(bls: Bls, message: Uint8Array, partials: readonly Partial[]): Combined {
  const sorted = partials.toSorted((a, b) => a.seat - b.seat);
  if (sorted.length > AGGREGATE_MAX || sorted.some(({ seat }, i) => seat === sorted[i - 1]?.seat)) {
    throw new PlumblineError(
      'bls-aggregate',
      `partials come from at most ${AGGREGATE_MAX} seats, one each; keep the first of every seat`,
      { count: sorted.length },
    );
  }
  const { signature, valid } = bls.combine(message, sorted, AGGREGATE_MAX);
  const seatsThat = (isValid: boolean) => sorted.filter((_, i) => valid[i] === isValid).map(({ seat }) => seat);
  return { signature, seats: signature ? seatsThat(true) : [], rejected: seatsThat(false) };
}
