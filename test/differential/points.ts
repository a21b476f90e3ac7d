import type { Fp2 } from '@noble/curves/abstract/tower.js';
import type { WeierstrassPoint } from '@noble/curves/abstract/weierstrass.js';
import { bls12_381 } from '@noble/curves/bls12-381.js';
import fc from 'fast-check';
import { EVM_FIELD_BYTES, FIELD_BYTES, FIELD_MODULUS, padForEvm } from '../../platform/bls/encoding.ts';
import { nobleCurve } from '../../platform/bls/noble.ts';
import { bigEndian, concat, fromBigEndian } from '../../protocol/bytes.ts';
import { torsionG1, torsionG2 } from '../platform/bls/hostile.ts';

/** Points as EIP-2537 writes them, read and changed without the code under test. */

export type G1 = WeierstrassPoint<bigint>;
export type G2 = WeierstrassPoint<Fp2>;
export type Group = 'G1' | 'G2';

const { Fp, Fp2: Fq2 } = bls12_381.fields;
const G1Point = bls12_381.G1.Point;
const G2Point = bls12_381.G2.Point;
export const POINT_BYTES = { G1: 2 * EVM_FIELD_BYTES, G2: 4 * EVM_FIELD_BYTES } as const;
const TORSION = { G1: torsionG1(), G2: torsionG2() } as const;

export const writeG1 = (point: G1): Uint8Array =>
  point.is0() ? new Uint8Array(POINT_BYTES.G1) : padForEvm(nobleCurve.coordinatesG1(point));
export const writeG2 = (point: G2): Uint8Array =>
  point.is0() ? new Uint8Array(POINT_BYTES.G2) : padForEvm(nobleCurve.coordinatesG2(point));

/** The coordinates, or undefined when one is not below the modulus. */
function elementsOf(bytes: Uint8Array): bigint[] | undefined {
  const starts = Array.from({ length: bytes.length / EVM_FIELD_BYTES }, (_, i) => i * EVM_FIELD_BYTES);
  const elements = starts.map((at) => fromBigEndian(bytes.subarray(at, at + EVM_FIELD_BYTES)));
  return elements.every((element) => element < FIELD_MODULUS) ? elements : undefined;
}

/** A point of the curve, in the subgroup or not; undefined when the bytes are none. */
export function readG1(bytes: Uint8Array): G1 | undefined {
  const [x, y] = elementsOf(bytes) ?? [];
  if (x === undefined || y === undefined) return undefined;
  if (x === 0n && y === 0n) return G1Point.ZERO;
  const isOnCurve = Fp.eql(Fp.sqr(y), Fp.add(Fp.pow(x, 3n), G1Point.CURVE().b));
  return isOnCurve ? G1Point.fromAffine({ x, y }) : undefined;
}

export function readG2(bytes: Uint8Array): G2 | undefined {
  const [x0, x1, y0, y1] = elementsOf(bytes) ?? [];
  if (x0 === undefined || x1 === undefined || y0 === undefined || y1 === undefined) return undefined;
  if (x0 === 0n && x1 === 0n && y0 === 0n && y1 === 0n) return G2Point.ZERO;
  const [x, y] = [Fq2.fromBigTuple([x0, x1]), Fq2.fromBigTuple([y0, y1])];
  const isOnCurve = Fq2.eql(Fq2.sqr(y), Fq2.add(Fq2.pow(x, 3n), G2Point.CURVE().b));
  return isOnCurve ? G2Point.fromAffine({ x, y }) : undefined;
}

export function isInSubgroup(point: G1 | G2): boolean {
  return point.is0() || nobleCurve.isInSubgroupG1(point as G1);
}

/** What somebody may do to a point before it sends it. */
export type PointChange = { readonly how: (typeof CHANGES)[number]; readonly at: number };
const CHANGES = [
  'none',
  'negated',
  'infinity',
  'outside the subgroup',
  'one bit',
  'a coordinate plus p',
  'coordinates swapped',
  'padding',
  'compressed',
  'short',
  'long',
  'empty',
] as const;

/** @param weight of 'none' against one for each of the others */
export function pointChange(weight: number): fc.Arbitrary<PointChange> {
  const how = fc.oneof(
    { arbitrary: fc.constant('none' as const), weight },
    { arbitrary: fc.constantFrom(...CHANGES), weight: CHANGES.length },
  );
  return fc.record({ how, at: fc.nat() });
}

/** @param point in EIP-2537 form, of the subgroup and not infinity */
export function changedPoint(group: Group, point: Uint8Array, { how, at }: PointChange): Uint8Array {
  const copy = Uint8Array.from(point);
  const field = (at % (point.length / EVM_FIELD_BYTES)) * EVM_FIELD_BYTES;
  switch (how) {
    case 'none':
      return copy;
    case 'negated':
      return group === 'G1' ? writeG1(readG1(point)!.negate()) : writeG2(readG2(point)!.negate());
    case 'infinity':
      return new Uint8Array(point.length);
    case 'outside the subgroup':
      return group === 'G1'
        ? writeG1(readG1(point)!.add(TORSION.G1[at % TORSION.G1.length]!))
        : writeG2(readG2(point)!.add(TORSION.G2[at % TORSION.G2.length]!));
    case 'one bit': {
      const bit = at % (8 * point.length);
      copy[bit >> 3]! ^= 1 << (bit & 7);
      return copy;
    }
    case 'a coordinate plus p': {
      const element = fromBigEndian(point.subarray(field, field + EVM_FIELD_BYTES));
      copy.set(bigEndian(element + FIELD_MODULUS, EVM_FIELD_BYTES), field);
      return copy;
    }
    case 'coordinates swapped':
      return concat(point.subarray(point.length / 2), point.subarray(0, point.length / 2));
    case 'padding':
      copy[field + (at % (EVM_FIELD_BYTES - FIELD_BYTES))] = 1 + (at & 0x7f);
      return copy;
    case 'compressed':
      return group === 'G1' ? nobleCurve.encodeG1(readG1(point)!) : nobleCurve.encodeG2(readG2(point)!);
    case 'short':
      return point.slice(1);
    case 'long':
      return concat(point, new Uint8Array(1 + (at % 64)));
    case 'empty':
      return new Uint8Array();
  }
}
