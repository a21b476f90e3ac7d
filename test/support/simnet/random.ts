import { bigEndian, fromBigEndian, keccak } from '../../../protocol/bytes.ts';

/** Bytes from a seed and a name: the same wherever and in whatever order they are asked for. */
export function draw(seed: number, ...name: readonly (string | number)[]): Uint8Array {
  return keccak(bigEndian(seed, 8), new TextEncoder().encode(name.join('/')));
}

/** A whole number 0 .. bound - 1. */
export function drawBelow(bound: number, seed: number, ...name: readonly (string | number)[]): number {
  return Number(fromBigEndian(draw(seed, ...name).subarray(0, 8)) % BigInt(bound));
}
