import { findGood, middleOf } from './bisect.ts';
import type { Curve } from './curve.ts';

/** A partial signature whose bytes were read: both points are on their curve, the key is in the subgroup. */
export interface ReadPartial<G1, G2> {
  readonly key: G2;
  readonly point: G1;
}

/**
 * Which of the partials σᵢ on one message with hash H are valid, by groups: Σσᵢ is in the subgroup and
 * e(H, Σpkᵢ) · e(Σσᵢ, −g₂) = 1. The subgroup is asked of the sum only (docs/CRYPTOGRAPHY.md, section 3), and last: it is
 * the cheaper check, but most groups that are tested fail the other one.
 */
export function findValidPartials<G1, G2, GT>(
  curve: Curve<G1, G2, GT>,
  hash: G1,
  partials: readonly ReadPartial<G1, G2>[],
): boolean[] {
  const points = partials.map(({ point }) => point);
  const keys = partials.map(({ key }) => key);
  const pointOf = sumsOfGroups(points, curve.sumG1);
  const keyOf = sumsOfGroups(keys, curve.sumG2);
  return findGood<GT>(partials.length, {
    valueOf: (from, to) => curve.pair([{ hash, publicKey: keyOf(from, to) }], pointOf(from, to)),
    divide: curve.divideGT,
    passes: (value, from, to) => curve.isOneGT(value) && isInSubgroup(curve, pointOf(from, to)),
  });
}

/** Two seats with keys k and −k may sum to infinity, which is in every subgroup. */
function isInSubgroup<G1, G2, GT>(curve: Curve<G1, G2, GT>, sum: G1): boolean {
  return curve.isInfinityG1(sum) || curve.isInSubgroupG1(sum);
}

/** Sums of the groups of a bisection, each made of its two halves' and made once. */
function sumsOfGroups<P>(points: readonly P[], add: (points: readonly P[]) => P): (from: number, to: number) => P {
  const known = new Map<string, P>();
  function sumOf(from: number, to: number): P {
    const id = `${from} ${to}`;
    let sum = known.get(id);
    if (sum === undefined) {
      const middle = middleOf(from, to);
      sum = to - from === 1 ? points[from]! : add([sumOf(from, middle), sumOf(middle, to)]);
      known.set(id, sum);
    }
    return sum;
  }
  return sumOf;
}
