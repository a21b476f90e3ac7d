import { toHex } from '../../protocol/bytes.ts';
import { PlumblineError } from '../../protocol/error.ts';
import { findGood, middleOf } from './bisect.ts';
import { COEFFICIENT_BYTES } from './bls.ts';
import type { Curve } from './curve.ts';

/** A signature to verify, read: key and signature are in their subgroups. */
export interface ReadSigned<G1, G2> {
  readonly hash: G1;
  readonly key: G2;
  readonly point: G1;
}

/**
 * Signatures whose Miller loops are multiplied once and kept. As many as mcl works on at a time, so keeping them costs
 * nothing while all are good; of a bad one at most as many loops are done again, instead of half of all for every halving,
 * and twice as many as there are signatures, and one, if all are bad.
 */
export const BLOCK_SIZE = 16;

/**
 * Which of the signatures σᵢ by pkᵢ on hash Hᵢ are valid: with random cᵢ, a group passes when
 *
 *   Π e(cᵢ·Hᵢ, pkᵢ) · e(Σ cᵢ·σᵢ, −g₂) = 1.
 *
 * Let e(Hᵢ, pkᵢ) · e(σᵢ, −g₂) = g^xᵢ. The product is g^Σcᵢxᵢ, and for any bad xⱼ ≠ 0 at most one value of cⱼ below
 * the prime r makes the sum 0: a group with a bad member passes with probability 2^-128 at most. Without the cᵢ, σ₁ + D
 * and σ₂ − D would pass together, or two swapped signatures. This argument needs all σᵢ in the subgroup: a point of order 3
 * is killed by every third coefficient. So the caller checks each, not the sum.
 */
export function findValidSigned<G1, G2, GT>(
  curve: Curve<G1, G2, GT>,
  signed: readonly ReadSigned<G1, G2>[],
  random: (bytes: number) => Uint8Array,
): boolean[] {
  const coefficients = drawCoefficients(signed.length, random);
  const points = signed.map(({ point }) => point);
  const pairs = signed.map(({ hash, key }, i) => ({
    hash: curve.combineG1([hash], [coefficients[i]!]),
    publicKey: key,
  }));
  const sumOf = (from: number, to: number): G1 => curve.combineG1(points.slice(from, to), coefficients.slice(from, to));
  const starts = Array.from({ length: Math.ceil(signed.length / BLOCK_SIZE) }, (_, i) => i * BLOCK_SIZE);
  const endOf = (start: number): number => Math.min(start + BLOCK_SIZE, signed.length);
  const loops = starts.map((start) => curve.loops(pairs.slice(start, endOf(start))));
  // Only asked for when there is a bad one: the sum over all at once is quicker.
  let sums: G1[] | undefined;
  const valueOfBlocks = (from: number, to: number): GT => {
    const [first, last] = [from / BLOCK_SIZE, Math.ceil(to / BLOCK_SIZE)];
    if (last - first === starts.length) return curve.finish(loops, sumOf(from, to));
    sums ??= starts.map((start) => sumOf(start, endOf(start)));
    return curve.finish(loops.slice(first, last), curve.sumG1(sums.slice(first, last)));
  };
  return findGood<GT>(
    signed.length,
    {
      valueOf: (from, to) =>
        isWhole(from, to, signed.length) ? valueOfBlocks(from, to) : curve.pair(pairs.slice(from, to), sumOf(from, to)),
      divide: curve.divideGT,
      passes: curve.isOneGT,
    },
    middleBlock,
  );
}

function isWhole(from: number, to: number, count: number): boolean {
  return from % BLOCK_SIZE === 0 && (to % BLOCK_SIZE === 0 || to === count);
}

/** Cuts between blocks as long as there are two: the kept loops then serve every group down to one block. */
function middleBlock(from: number, to: number): number {
  return to - from > BLOCK_SIZE
    ? BLOCK_SIZE * middleOf(from / BLOCK_SIZE, Math.ceil(to / BLOCK_SIZE))
    : middleOf(from, to);
}

/** Under a coefficient of 0, or equal ones, a forger's pair passes. Chance gives neither within the age of the universe. */
function drawCoefficients(count: number, random: (bytes: number) => Uint8Array): Uint8Array[] {
  const coefficients = Array.from({ length: count }, () => random(COEFFICIENT_BYTES));
  const isSound = coefficients.every((c) => c.length === COEFFICIENT_BYTES && c.some((byte) => byte !== 0));
  if (isSound && new Set(coefficients.map(toHex)).size === count) return coefficients;
  throw new PlumblineError(
    'bls-batch',
    `the random source repeats itself or does not give ${COEFFICIENT_BYTES} bytes; pass a cryptographic one`,
    { count },
  );
}
