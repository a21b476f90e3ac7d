import { bigEndian, fromBigEndian, keccak } from '../../../protocol/bytes.ts';

/** Bytes from a seed and a name: the same wherever and in whatever order they are asked for. */
export function draw(seed: number, ...name: readonly (string | number)[]): Uint8Array {
  return keccak(bigEndian(seed, 8), new TextEncoder().encode(name.join('/')));
}

/** A whole number 0 .. bound - 1. */
export function drawBelow(bound: number, seed: number, ...name: readonly (string | number)[]): number {
  return Number(fromBigEndian(draw(seed, ...name).subarray(0, 8)) % BigInt(bound));
}

/** The same for things that happen often: mixes `count` into 32 bits (splitmix32) instead of hashing. */
export function mixBelow(bound: number, seed: number, count: number): number {
  let z = (Math.imul(count, 0x9e3779b9) + Math.imul(seed, 0x85ebca6b)) | 0;
  z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
  z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
  return ((z ^ (z >>> 15)) >>> 0) % bound;
}
