import type { Fp2 } from '@noble/curves/abstract/tower.js';
import type { WeierstrassPoint } from '@noble/curves/abstract/weierstrass.js';
import { bls12_381 } from '@noble/curves/bls12-381.js';
import { FIELD_MODULUS, GROUP_ORDER, withoutFlags } from '../../../platform/bls/encoding.ts';
import { nobleCurve } from '../../../platform/bls/noble.ts';
import { bigEndian, fromBigEndian } from '../../../protocol/bytes.ts';

/** Points and bytes that an attacker may send. */

type G1 = WeierstrassPoint<bigint>;
type G2 = WeierstrassPoint<Fp2>;

const { Fp, Fp2: Fq2 } = bls12_381.fields;
const G1Point = bls12_381.G1.Point;
const G2Point = bls12_381.G2.Point;
// The curves have h·r points: h = 3 · 11² · 10177² · … in G1, h = 13² · 23² · 2713 · … in G2.
const COFACTOR_G1 = G1Point.CURVE().h;
const COFACTOR_G2 = G2Point.CURVE().h;

/** Points of G1's curve outside the subgroup: of order 3, 11 and 10177, and one of mixed order. */
export function torsionG1(): G1[] {
  return [3n, 11n ** 2n, 10177n ** 2n, COFACTOR_G1].map((part) => inPart(pointsG1(), G1Point.ZERO, COFACTOR_G1, part));
}

/** Points of G2's curve outside the subgroup: of order 13, 23 and 2713 (or a square of these), and one of mixed order. */
export function torsionG2(): G2[] {
  return [13n ** 2n, 23n ** 2n, 2713n, COFACTOR_G2].map((part) => inPart(pointsG2(), G2Point.ZERO, COFACTOR_G2, part));
}

/** Compresses a point without asking whether it is in the subgroup. */
export function encodeG1(point: G1): Uint8Array {
  return nobleCurve.encodeG1(point);
}

export function encodeG2(point: G2): Uint8Array {
  return nobleCurve.encodeG2(point);
}

export function readG1(bytes: Uint8Array): G1 {
  return G1Point.fromBytes(bytes);
}

export function readG2(bytes: Uint8Array): G2 {
  return G2Point.fromBytes(bytes);
}

/** Changes of a valid compressed point, all of which must be refused; `bytes` has 48 or 96 bytes. */
export function malformed(bytes: Uint8Array): Record<string, Uint8Array> {
  const rest = bytes.subarray(48);
  const withX = (x: bigint, flags: number) => {
    const out = new Uint8Array([...bigEndian(x, 48), ...rest]);
    out[0] = (out[0] ?? 0) | flags;
    return out;
  };
  const flags = (clear: number, set: number) => {
    const out = Uint8Array.from(bytes);
    out[0] = ((out[0] ?? 0) & ~clear) | set;
    return out;
  };
  const infinity = new Uint8Array(bytes.length);
  infinity[0] = 0xc0;
  const lastByteAtModulus =
    bytes.length === 96
      ? new Uint8Array([...bytes.subarray(0, 48), ...bigEndian(FIELD_MODULUS, 48)])
      : withX(FIELD_MODULUS, 0x80);
  return {
    empty: new Uint8Array(),
    'one byte short': bytes.subarray(1),
    'one byte long': new Uint8Array([...bytes, 0]),
    'all zero': new Uint8Array(bytes.length),
    'all ones': new Uint8Array(bytes.length).fill(0xff),
    infinity,
    'infinity with the sign flag': new Uint8Array([0xe0, ...infinity.subarray(1)]),
    'infinity with a stray bit': new Uint8Array([...infinity.subarray(0, -1), 1]),
    'no compression flag': flags(0x80, 0),
    'infinity flag on a point': flags(0, 0x40),
    'no flags': flags(0xe0, 0),
    'x = p': withX(FIELD_MODULUS, 0x80),
    'x = 2^381 - 1': withX((1n << 381n) - 1n, 0x80),
    'last coordinate = p': lastByteAtModulus,
  };
}

/** The same point with x + p for x, which a decoder that reduces modulo p takes; undefined when that needs a flag's bit. */
export function aboveModulus(bytes: Uint8Array): Uint8Array | undefined {
  const first = bytes.subarray(0, 48);
  const x = fromBigEndian(withoutFlags(first)) + FIELD_MODULUS;
  if (x >= 1n << 381n) return undefined;
  const out = new Uint8Array([...bigEndian(x, 48), ...bytes.subarray(48)]);
  out[0] = (out[0] ?? 0) | ((first[0] ?? 0) & 0xe0);
  return out;
}

/** Compressed encodings whose x belongs to no point of the curve. */
export function offCurve(bytes: 48 | 96): Uint8Array {
  for (let x = 1n; ; x++) {
    try {
      if (bytes === 48) Fp.sqrt(Fp.add(Fp.pow(x, 3n), G1Point.CURVE().b));
      else Fq2.sqrt(Fq2.add(Fq2.pow(Fq2.fromBigTuple([x, 0n]), 3n), G2Point.CURVE().b));
    } catch {
      const out = bigEndian(x, bytes);
      out[0] = (out[0] ?? 0) | 0x80;
      return out;
    }
  }
}

function* pointsG1(): Generator<G1> {
  for (let x = 1n; ; x++) {
    try {
      yield G1Point.fromAffine({ x, y: Fp.sqrt(Fp.add(Fp.pow(x, 3n), G1Point.CURVE().b)) });
    } catch {
      // No point has this x.
    }
  }
}

function* pointsG2(): Generator<G2> {
  for (let c0 = 1n; ; c0++) {
    try {
      const x = Fq2.fromBigTuple([c0, 1n]);
      yield G2Point.fromAffine({ x, y: Fq2.sqrt(Fq2.add(Fq2.pow(x, 3n), G2Point.CURVE().b)) });
    } catch {
      // No point has this x.
    }
  }
}

/** The first (r · h / part) · P that is not infinity: `part` is a prime power of h as a whole, and kills the result. */
function inPart<P extends { add(other: P): P; double(): P; is0(): boolean }>(
  points: Generator<P>,
  zero: P,
  cofactor: bigint,
  part: bigint,
): P {
  for (let tries = 0; tries < 100; tries++) {
    const point: P = points.next().value;
    let sum = zero;
    for (const bit of ((GROUP_ORDER * cofactor) / part).toString(2)) {
      sum = sum.double();
      if (bit === '1') sum = sum.add(point);
    }
    if (!sum.is0()) return sum;
  }
  throw new Error(`${part} is not a whole prime power of the cofactor`);
}
