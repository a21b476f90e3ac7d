import { PlumblineError } from '../../protocol/error.ts';
import { AGGREGATE_MAX, type Bls } from './bls.ts';

/** One seat's signature on the message that all seats sign. */
export interface Partial {
  /** Index of the seat in its set version. */
  readonly seat: number;
  readonly publicKey: Uint8Array;
  readonly signature: Uint8Array;
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
 * in two halves and repeat. n good partials cost one verification; b bad ones about 2·b·log2(n / b) more, never above 2·n.
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
  const good: Partial[] = [];
  const rejected: number[] = [];
  const whole = sumIfValid(bls, message, sorted);
  if (whole) return { signature: whole, seats: sorted.map(({ seat }) => seat), rejected };
  if (sorted.length > 0) bisect(bls, message, sorted, good, rejected);
  const signature = sumIfValid(bls, message, good);
  return { signature, seats: signature ? good.map(({ seat }) => seat) : [], rejected };
}

/**
 * Sorts a group that is known to fail into good and rejected. The recursion halves at most AGGREGATE_MAX partials, so it
 * is at most 9 deep.
 */
function bisect(bls: Bls, message: Uint8Array, group: readonly Partial[], good: Partial[], rejected: number[]): void {
  const [first] = group;
  if (group.length === 1 && first) {
    rejected.push(first.seat);
    return;
  }
  const middle = Math.ceil(group.length / 2);
  const left = group.slice(0, middle);
  const right = group.slice(middle);
  const isLeftGood = sumIfValid(bls, message, left) !== undefined;
  if (isLeftGood) good.push(...left);
  else bisect(bls, message, left, good, rejected);
  // Beside a good left half the right one must fail, so a larger group is split without asking. A single partial is asked:
  // two seats of one owner with keys k and −k sum to infinity although each of them signs well.
  if (isLeftGood && right.length > 1) bisect(bls, message, right, good, rejected);
  else if (sumIfValid(bls, message, right)) good.push(...right);
  else bisect(bls, message, right, good, rejected);
}

/** The verified aggregate of a group; undefined when one is malformed, the sum is infinity, or it does not verify. */
function sumIfValid(bls: Bls, message: Uint8Array, group: readonly Partial[]): Uint8Array | undefined {
  if (group.length === 0) return undefined;
  let signature: Uint8Array;
  try {
    signature = bls.aggregate(group.map((partial) => partial.signature));
  } catch (error) {
    if (error instanceof PlumblineError) return undefined;
    throw error;
  }
  const keys = group.map((partial) => partial.publicKey);
  return bls.verifyAggregate(keys, message, signature) ? signature : undefined;
}
