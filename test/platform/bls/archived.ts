import { Fp, Fp2, Fp12, Fr, PointG1, PointG2, pairing } from '@noble/bls12-381';
import { bigEndian, equalBytes, fromBigEndian } from '../../../protocol/bytes.ts';

/**
 * A third opinion: @noble/bls12-381, archived by its author in 2022, other code than @noble/curves. It has no min-sig API and
 * no strict decoding, so both are made here from its points: a decoded point must encode to the same bytes again.
 */

export function publicKey(secretKey: Uint8Array): Uint8Array {
  return PointG2.fromPrivateKey(secretKey).toSignature();
}

export async function sign(secretKey: Uint8Array, message: Uint8Array, dst: string): Promise<Uint8Array> {
  const hash = await PointG1.hashToCurve(message, { DST: dst });
  return hash.multiply(new Fr(fromBigEndian(secretKey)).value).toRawBytes(true);
}

export async function verify(
  key: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
  dst: string,
): Promise<boolean> {
  const keyPoint = decodeG2(key);
  const signaturePoint = decodeG1(signature);
  if (!keyPoint || !signaturePoint) return false;
  const hash = await PointG1.hashToCurve(message, { DST: dst });
  const product = pairing(hash, keyPoint, false).multiply(pairing(signaturePoint.negate(), PointG2.BASE, false));
  return product.finalExponentiate().equals(Fp12.ONE);
}

/** A point of the subgroup other than infinity, canonically encoded; undefined otherwise. */
export function decodeG1(bytes: Uint8Array): PointG1 | undefined {
  return bytes.length === 48
    ? strictly(
        () => PointG1.fromHex(bytes),
        bytes,
        (point) => point.toRawBytes(true),
      )
    : undefined;
}

export function decodeG2(bytes: Uint8Array): PointG2 | undefined {
  // Its fromHex skips the subgroup check for compressed points of G2; fromSignature does not.
  return bytes.length === 96
    ? strictly(
        () => PointG2.fromSignature(bytes),
        bytes,
        (point) => point.toSignature(),
      )
    : undefined;
}

/** Whether an EIP-2537 public key is acceptable, from coordinates alone. */
export function isEvmPublicKey(bytes: Uint8Array): boolean {
  if (bytes.length !== 256) return false;
  const [x0, x1, y0, y1] = [0, 64, 128, 192].map((at) => fromBigEndian(bytes.subarray(at, at + 64)));
  if (x0 === undefined || x1 === undefined || y0 === undefined || y1 === undefined) return false;
  if ([x0, x1, y0, y1].some((element) => element >= Fp.ORDER)) return false;
  try {
    const point = new PointG2(new Fp2(new Fp(x0), new Fp(x1)), new Fp2(new Fp(y0), new Fp(y1)));
    return !(x0 === 0n && x1 === 0n && y0 === 0n && y1 === 0n) && point.assertValidity() === point;
  } catch {
    return false;
  }
}

/** The EIP-2537 form of a point of G1. */
export function evmG1(point: PointG1): Uint8Array {
  const [x, y] = point.toAffine();
  return new Uint8Array([...bigEndian(x.value, 64), ...bigEndian(y.value, 64)]);
}

function strictly<P extends PointG1 | PointG2>(
  decode: () => P,
  bytes: Uint8Array,
  encode: (point: P) => Uint8Array,
): P | undefined {
  try {
    const point = decode();
    return !point.isZero() && equalBytes(encode(point), bytes) ? point : undefined;
  } catch {
    return undefined;
  }
}
