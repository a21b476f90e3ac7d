import type { Fp2, Fp12 as GT } from '@noble/curves/abstract/tower.js';
import type { WeierstrassPoint } from '@noble/curves/abstract/weierstrass.js';
import { bls12_381 } from '@noble/curves/bls12-381.js';
import { bigEndian, fromBigEndian } from '../../protocol/bytes.ts';
import type { Bls } from './bls.ts';
import type { Curve, Pair } from './curve.ts';
import { compress, FIELD_BYTES, hasGreaterY, isGreater, withoutFlags } from './encoding.ts';
import { createScheme } from './scheme.ts';

/**
 * The reference arithmetic: @noble/curves, audited, plain TypeScript, no state. A verification takes about four times as
 * long as with mcl.
 */
export function createNobleBls(): Bls {
  return createScheme(nobleCurve);
}

type G1 = WeierstrassPoint<bigint>;
type G2 = WeierstrassPoint<Fp2>;

const { Fp, Fp2: Fq2, Fp12, Fr } = bls12_381.fields;
const { calcPairingPrecomputes } = bls12_381.utils;
const G1Point = bls12_381.G1.Point;
const G2Point = bls12_381.G2.Point;

// noble's own fromBytes and toBytes also check the subgroup (0.7 ms in G1), which an aggregate needs once and not per
// signature. So these take only its field arithmetic: y = sqrt(x³ + 4) in G1, sqrt(x³ + 4(1 + u)) in G2.
function decodeG1(bytes: Uint8Array): G1 {
  const x = fromBigEndian(withoutFlags(bytes));
  const y = Fp.sqrt(Fp.add(Fp.pow(x, 3n), G1Point.CURVE().b));
  return G1Point.fromAffine({ x, y: isGreater(toBytes([y])) === hasGreaterY(bytes) ? y : Fp.neg(y) });
}

function decodeG2(bytes: Uint8Array): G2 {
  const c1 = fromBigEndian(withoutFlags(bytes.subarray(0, FIELD_BYTES)));
  const x = Fq2.fromBigTuple([fromBigEndian(bytes.subarray(FIELD_BYTES)), c1]);
  const y = Fq2.sqrt(Fq2.add(Fq2.pow(x, 3n), G2Point.CURVE().b));
  return G2Point.fromAffine({ x, y: isGreater(toBytes([y.c0, y.c1])) === hasGreaterY(bytes) ? y : Fq2.neg(y) });
}

// noble remembers the points that passed assertValidity, unlike those that passed isTorsionFree.
function isInSubgroup(point: G1 | G2): boolean {
  try {
    point.assertValidity();
    return true;
  } catch {
    return false;
  }
}

function coordinatesG1(point: G1): Uint8Array[] {
  const { x, y } = point.toAffine();
  return toBytes([x, y]);
}

function coordinatesG2(point: G2): Uint8Array[] {
  const { x, y } = point.toAffine();
  return toBytes([x.c0, x.c1, y.c0, y.c1]);
}

function toBytes(elements: readonly bigint[]): Uint8Array[] {
  return elements.map((element) => bigEndian(element, FIELD_BYTES));
}

// noble's own pairingBatch checks the subgroup of every point again and refuses infinity, which contributes 1 here.
function loops(pairs: readonly Pair<G1, G2>[]): GT {
  const finite = pairs
    .filter(({ hash, publicKey }) => !hash.is0() && !publicKey.is0())
    .map(({ hash, publicKey }): Parameters<typeof bls12_381.millerLoopBatch>[0][number] => {
      const { x, y } = hash.toAffine();
      return [calcPairingPrecomputes(publicKey), x, y];
    });
  return bls12_381.millerLoopBatch(finite);
}

function finish(parts: readonly GT[], signature: G1): GT {
  const last = loops([{ hash: signature.negate(), publicKey: G2Point.BASE }]);
  return Fp12.finalExponentiate(parts.reduce((product, part) => Fp12.mul(product, part), last));
}

/** The arithmetic alone; the scheme above it is what programs use. */
export const nobleCurve: Curve<G1, G2, GT> = {
  name: 'noble',
  hashToG1: (message, dst) => bls12_381.G1.hashToCurve(message, { DST: dst }) as G1,
  multiplyG1: (point, secretKey) => point.multiply(Fr.fromBytes(secretKey)),
  multiplyBaseG2: (secretKey) => G2Point.BASE.multiply(Fr.fromBytes(secretKey)),
  decodeG1,
  decodeG2,
  encodeG1: (point) => compress(coordinatesG1(point)),
  encodeG2: (point) => compress(coordinatesG2(point)),
  isInSubgroupG1: isInSubgroup,
  isInSubgroupG2: isInSubgroup,
  sumG1: (points) => points.reduce((sum, point) => sum.add(point), G1Point.ZERO),
  sumG2: (points) => points.reduce((sum, point) => sum.add(point), G2Point.ZERO),
  isInfinityG1: (point) => point.is0(),
  isInfinityG2: (point) => point.is0(),
  coordinatesG1,
  coordinatesG2,
  combineG1(points, coefficients) {
    const scalar = (i: number) => fromBigEndian(coefficients[i] ?? new Uint8Array());
    return points.reduce((sum, point, i) => sum.add(point.multiplyUnsafe(scalar(i))), G1Point.ZERO);
  },
  pair: (pairs, signature) => finish([loops(pairs)], signature),
  loops,
  finish,
  divideGT: (a, b) => Fp12.mul(a, Fp12.conjugate(b)),
  isOneGT: (value) => Fp12.eql(value, Fp12.ONE),
};
