import { concat } from '../../protocol/bytes.ts';
import type { Random } from './random.ts';

/** Runs of one byte or token reach this far: long enough to show anything that is quadratic. Bytes. */
const RUN_BYTES_MAX = 16_000;
/** Small numbers, edges of every width, and lengths off by one. */
const EDGES = [0, 1, 2, 3, 4, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff];

export type Donors = {
  /** Other valid inputs of the same kind, to splice with. */
  readonly inputs: readonly Uint8Array[];
  /** Pieces of the grammar: what a random byte would take ages to spell. */
  readonly tokens?: readonly Uint8Array[];
};

/** One to four changes to some bytes, of which most keep most of the structure; the input itself stays as it is. */
export function mutateBytes(random: Random, input: Uint8Array, donors: Donors): Uint8Array {
  let bytes = Uint8Array.from(input);
  for (let left = 1 + random.below(4); left > 0; left--) bytes = changed(random, bytes, donors);
  return bytes;
}

function changed(random: Random, bytes: Uint8Array<ArrayBuffer>, donors: Donors): Uint8Array<ArrayBuffer> {
  const { length } = bytes;
  const at = random.below(length + 1);
  const size = Math.min(length - at, random.oneIn(4) ? random.below(length + 1) : random.below(9));
  const insert = (piece: Uint8Array): Uint8Array<ArrayBuffer> =>
    Uint8Array.from(concat(bytes.subarray(0, at), piece, bytes.subarray(at)));
  const replace = (piece: Uint8Array): Uint8Array<ArrayBuffer> =>
    Uint8Array.from(concat(bytes.subarray(0, at), piece, bytes.subarray(at + size)));
  switch (random.below(donors.tokens ? 13 : 11)) {
    case 0:
    case 1:
      if (at < length) bytes[at]! ^= 1 << random.below(8);
      return bytes;
    case 2:
      if (at < length) bytes[at] = random.u32();
      return bytes;
    case 3:
      return withNumber(random, bytes, at);
    case 4:
      return replace(new Uint8Array());
    case 5:
      return bytes.slice(0, at);
    case 6:
      return insert(random.bytes(random.below(9)));
    case 7:
      return insert(bytes.subarray(at, at + size));
    case 8:
      return Uint8Array.from(concat(bytes, random.bytes(1 + random.below(4))));
    case 9: {
      const donor = random.pick(donors.inputs);
      const from = random.oneIn(2) ? Math.min(at, donor.length) : random.below(donor.length + 1);
      return replace(donor.subarray(from, from + size));
    }
    case 10: {
      const piece = donors.tokens && random.oneIn(2) ? random.pick(donors.tokens) : random.bytes(1);
      return random.oneIn(4) ? insert(runOf(random, piece)) : replace(new Uint8Array(size).fill(piece[0] ?? 0));
    }
    default: {
      const token = random.pick(donors.tokens!);
      return random.oneIn(2) ? insert(token) : replace(token);
    }
  }
}

/** Overwrites one, two, four or eight bytes with an edge, or with what a length or an offset here might almost be. */
function withNumber(random: Random, bytes: Uint8Array<ArrayBuffer>, at: number): Uint8Array<ArrayBuffer> {
  const width = random.pick([1, 2, 4, 4, 4, 8]);
  if (at + width > bytes.length) return bytes;
  const value = random.oneIn(3) ? bytes.length + random.below(9) - 4 : random.pick(EDGES);
  const littleEndian = random.oneIn(2);
  for (let i = 0; i < width; i++) {
    const digit = littleEndian ? i : width - 1 - i;
    bytes[at + i] = digit < 4 ? value >>> (8 * digit) : 0;
  }
  return bytes;
}

function runOf(random: Random, piece: Uint8Array): Uint8Array {
  const bytesMax = random.oneIn(4) ? RUN_BYTES_MAX : 256;
  const times = Math.floor(random.below(bytesMax) / Math.max(1, piece.length));
  const run = new Uint8Array(times * piece.length);
  for (let i = 0; i < times; i++) run.set(piece, i * piece.length);
  return run;
}
