import { toHex } from '../../protocol/bytes.ts';
import { PlumblineError } from '../../protocol/error.ts';
import { findGood } from './bisect.ts';
import { COEFFICIENT_BYTES } from './bls.ts';
import type { Curve } from './curve.ts';

/** A signature to verify, read: key and signature are in their subgroups. */
export interface ReadSigned<G1, G2> {
  readonly hash: G1;
  readonly key: G2;
  readonly point: G1;
}

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
  return findGood<GT>(signed.length, {
    valueOf: (from, to) =>
      curve.pair(pairs.slice(from, to), curve.combineG1(points.slice(from, to), coefficients.slice(from, to))),
    divide: curve.divideGT,
    passes: curve.isOneGT,
  });
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
