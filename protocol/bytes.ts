import { KECCAK } from './keccak.ts';

/** A 0x-prefixed hex string; the form in which words travel to and from the chain. */
export type Hex = `0x${string}`;

export const ZERO_BYTES32 = new Uint8Array(32);

/** keccak256 of the concatenation of the parts: 32 bytes. */
export function keccak(...parts: readonly Uint8Array[]): Uint8Array {
  return KECCAK.once(parts);
}

/** keccak256(keccak256(parts)): how every Merkle leaf is hashed, so that no inner node can pass for one. */
export function keccakTwice(...parts: readonly Uint8Array[]): Uint8Array {
  return KECCAK.twice(parts);
}

export function toHex(bytes: Uint8Array): Hex {
  return `0x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')}`;
}

/** Strict: throws on an odd length or a non-hex character, because a truncated key must never pass. */
export function fromHex(hex: string): Uint8Array {
  const digits = hex.startsWith('0x') ? hex.slice(2) : hex;
  if (digits.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(digits)) {
    throw new RangeError(`not a hex string of whole bytes: ${hex.slice(0, 20)}…`);
  }
  return new Uint8Array(Buffer.from(digits, 'hex'));
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

/** Lexicographic order of bytes, which is numeric order of big-endian words. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  if (a === b) return 0;
  // Hashes differ in their first bytes, so a loop is done before a call out of JavaScript would begin.
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    if (a[i] !== b[i]) return a[i]! < b[i]! ? -1 : 1;
  }
  return Math.sign(a.length - b.length);
}

/** `value` as `length` big-endian bytes. Throws when it does not fit. */
export function bigEndian(value: number | bigint, length: number): Uint8Array {
  const out = new Uint8Array(length);
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) {
    // Most are small numbers: no big integer is made for them.
    let rest = value;
    for (let i = length - 1; i >= 0; i--) {
      out[i] = rest % 256;
      rest = Math.floor(rest / 256);
    }
    if (rest === 0) return out;
    throw new RangeError(`${value} does not fit ${length} bytes`);
  }
  let rest = BigInt(value);
  if (rest < 0n || rest >= 1n << BigInt(8 * length)) throw new RangeError(`${value} does not fit ${length} bytes`);
  for (let i = length - 1; i >= 0; i--) {
    out[i] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  return out;
}

export function fromBigEndian(bytes: Uint8Array): bigint {
  if (bytes.length > 6) return BigInt(toHex(bytes));
  let sum = 0;
  for (const byte of bytes) sum = sum * 256 + byte;
  return BigInt(sum);
}
