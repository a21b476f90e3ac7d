import { concat, fromBigEndian } from '../../protocol/bytes.ts';
import { PlumblineError } from '../../protocol/error.ts';
import { MESSAGE_BYTES_MAX, PUBLIC_KEY_BYTES, SECRET_KEY_BYTES, SIGNATURE_BYTES } from './bls.ts';

/**
 * What bytes may look like before any curve arithmetic. Libraries differ here (some decode infinity, some reduce x modulo p
 * or ignore stray flags), so the rules stand once, in front of all of them.
 */

/** The base field's modulus p and the group order r (draft-irtf-cfrg-pairing-friendly-curves, section 4.2.1). */
export const FIELD_MODULUS =
  0x1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaabn;
export const GROUP_ORDER = 0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001n;

/** Bytes of a base field element. */
export const FIELD_BYTES = 48;
/** EIP-2537 pads a field element with zeros on the left to this many bytes. */
export const EVM_FIELD_BYTES = 64;

const FLAG_COMPRESSED = 0x80;
const FLAG_INFINITY = 0x40;
const FLAG_GREATER_Y = 0x20;
const FLAGS = FLAG_COMPRESSED | FLAG_INFINITY | FLAG_GREATER_Y;

/** Throws `bls-secret-key` unless 0 < key < r in 32 bytes. The error never holds the key. */
export function checkSecretKey(secretKey: Uint8Array): void {
  const value = isBytes(secretKey, SECRET_KEY_BYTES) ? fromBigEndian(secretKey) : 0n;
  if (value > 0n && value < GROUP_ORDER) return;
  throw new PlumblineError(
    'bls-secret-key',
    `the BLS secret key must be ${SECRET_KEY_BYTES} bytes, above 0 and below the group order; create one with generateSecretKey`,
  );
}

/** Throws `bls-message` when the message is longer than MESSAGE_BYTES_MAX. */
export function checkMessage(message: Uint8Array): void {
  if (message instanceof Uint8Array && message.length <= MESSAGE_BYTES_MAX) return;
  throw new PlumblineError(
    'bls-message',
    `a BLS message has at most ${MESSAGE_BYTES_MAX} bytes; sign its digest instead`,
    { length: message?.length },
  );
}

/** Compressed, not infinity, x below p. Says nothing about the curve. */
export function isCompressedG1(bytes: Uint8Array): boolean {
  return isBytes(bytes, SIGNATURE_BYTES) && hasPointFlags(bytes) && isBelowModulus(withoutFlags(bytes));
}

/** Compressed, not infinity, x.c1 and x.c0 below p. Says nothing about the curve. */
export function isCompressedG2(bytes: Uint8Array): boolean {
  return (
    isBytes(bytes, PUBLIC_KEY_BYTES) &&
    hasPointFlags(bytes) &&
    isBelowModulus(withoutFlags(bytes.subarray(0, FIELD_BYTES))) &&
    isBelowModulus(bytes.subarray(FIELD_BYTES))
  );
}

/** Whether the compressed point's y is the lexicographically greater of the two. */
export function hasGreaterY(bytes: Uint8Array): boolean {
  return ((bytes[0] ?? 0) & FLAG_GREATER_Y) !== 0;
}

/** A copy with the three flag bits cleared. */
export function withoutFlags(bytes: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[0] = (copy[0] ?? 0) & ~FLAGS;
  return copy;
}

/** Field elements of 48 bytes, each padded as EIP-2537 wants it. */
export function padForEvm(elements: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(elements.length * EVM_FIELD_BYTES);
  elements.forEach((element, i) => {
    out.set(element, i * EVM_FIELD_BYTES + EVM_FIELD_BYTES - FIELD_BYTES);
  });
  return out;
}

/** The 48-byte coordinates within an EIP-2537 point; whatever else it holds is ignored, so compare with padForEvm after. */
export function unpadFromEvm(bytes: Uint8Array): Uint8Array[] {
  const elements: Uint8Array[] = [];
  for (let end = EVM_FIELD_BYTES; end <= bytes.length; end += EVM_FIELD_BYTES) {
    elements.push(bytes.subarray(end - FIELD_BYTES, end));
  }
  return elements;
}

/**
 * The compressed form of an affine point from its coordinates, 48 bytes each: x, y in G1, or x.c0, x.c1, y.c0, y.c1 in G2.
 */
export function compress(coordinates: readonly Uint8Array[]): Uint8Array {
  const half = coordinates.length / 2;
  const out = concat(...coordinates.slice(0, half).reverse());
  out[0] = (out[0] ?? 0) | FLAG_COMPRESSED | (isGreater(coordinates.slice(half)) ? FLAG_GREATER_Y : 0);
  return out;
}

/** Of y and −y in G2, the greater has the greater c1, or the greater c0 when c1 is zero; in G1 it is the greater number. */
export function isGreater(y: readonly Uint8Array[]): boolean {
  const decisive = y.map(fromBigEndian).findLast((element) => element !== 0n) ?? 0n;
  return 2n * decisive > FIELD_MODULUS;
}

function isBytes(bytes: Uint8Array, length: number): boolean {
  return bytes instanceof Uint8Array && bytes.length === length;
}

function hasPointFlags(bytes: Uint8Array): boolean {
  return ((bytes[0] ?? 0) & (FLAG_COMPRESSED | FLAG_INFINITY)) === FLAG_COMPRESSED;
}

function isBelowModulus(element: Uint8Array): boolean {
  return fromBigEndian(element) < FIELD_MODULUS;
}
