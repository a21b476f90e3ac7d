import { Random } from '../random.ts';

const PIECES_MAX = 64;

/** A stream as a network may hand it over: the same pieces for the same number. */
export function cut(bytes: Uint8Array, how: number): Uint8Array[] {
  const random = new Random(how, 'cut', 1);
  const sizeMax = Math.max(2, Math.ceil((2 * bytes.length) / PIECES_MAX));
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const size = 1 + random.below(sizeMax);
    pieces.push(bytes.subarray(at, at + size));
    at += size;
  }
  return pieces;
}
