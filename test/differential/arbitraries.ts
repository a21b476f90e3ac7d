import fc from 'fast-check';
import { keccak } from '../../protocol/bytes.ts';
import type { Leaf, Stat } from '../../protocol/leaf.ts';

/** Any number of `bits` bits, and often one at an end of its range. */
export function uint(bits: number): fc.Arbitrary<bigint> {
  const max = 2n ** BigInt(bits) - 1n;
  return fc.oneof(fc.bigInt({ min: 0n, max }), fc.constantFrom(0n, 1n, 2n, max - 1n, max));
}

/** The same as a number; above 53 bits up to what a number holds exactly. */
export function uintNumber(bits: number): fc.Arbitrary<number> {
  return uint(Math.min(bits, 53)).map(Number);
}

export const hash32 = fc.uint8Array({ minLength: 32, maxLength: 32 });

/** Sizes at which trees change their shape, and others. */
export const treeSize = fc.oneof(
  fc.constantFrom(1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129),
  fc.integer({ min: 1, max: 140 }),
);

/** As many different hashes as asked for, from a seed. */
export function hashes(seed: number, count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => keccak(Uint8Array.of(seed & 0xff, seed >> 8, i & 0xff, i >> 8)));
}

/** What can be done to a list of hashes that somebody sends. */
export type Change = { readonly how: (typeof CHANGES)[number]; readonly at: number; readonly bit: number };
const CHANGES = ['none', 'first', 'last', 'twice', 'swap', 'bit', 'zero', 'more', 'empty', 'reverse'] as const;
export const change: fc.Arbitrary<Change> = fc.record({
  how: fc.oneof(
    { arbitrary: fc.constant('none' as const), weight: 8 },
    { arbitrary: fc.constantFrom(...CHANGES), weight: 9 },
  ),
  at: fc.nat(),
  bit: fc.integer({ min: 0, max: 255 }),
});

export function changed(list: readonly Uint8Array[], { how, at, bit }: Change): Uint8Array[] {
  const copy = list.map((hash) => Uint8Array.from(hash));
  const i = copy.length === 0 ? 0 : at % copy.length;
  if (how === 'first') return copy.slice(1);
  if (how === 'last') return copy.slice(0, -1);
  if (how === 'empty') return [];
  if (how === 'reverse') return copy.reverse();
  if (how === 'more') return [...copy, keccak(Uint8Array.of(bit))];
  if (copy.length === 0) return copy;
  if (how === 'twice') copy.splice(i, 0, copy[i]!);
  if (how === 'zero') copy[i]!.fill(0);
  if (how === 'bit') copy[i]![bit >> 3]! ^= 1 << (bit & 7);
  if (how === 'swap') [copy[0], copy[i]] = [copy[i]!, copy[0]!];
  return copy;
}

const bounded = fc.oneof(
  // In order, close together, or anything.
  fc.tuple(uintNumber(40), uintNumber(40), uintNumber(40)).map((three) => {
    const [lower, value, upper] = three.sort((a, b) => a - b) as [number, number, number];
    return { value, lower, upper };
  }),
  fc.record({ value: fc.nat({ max: 4 }), lower: fc.nat({ max: 4 }), upper: fc.nat({ max: 4 }) }),
  fc.record({ value: uintNumber(40), lower: uintNumber(40), upper: uintNumber(40) }),
);
const stat: fc.Arbitrary<Stat> = fc.record({
  status: fc.constantFrom(0, 1, 2, 2, 2, 2, 2, 2),
  median: bounded,
  tail: bounded,
});

/** Any leaf that the wire can carry. */
export const leaf: fc.Arbitrary<Leaf> = fc.record({
  serviceId: hash32,
  windowStart: uintNumber(64),
  windowEpochs: uintNumber(32),
  vantage: uintNumber(16),
  conclusive: fc.constantFrom(true, true, true, false),
  epochsExpected: uintNumber(32),
  epochsCounted: uintNumber(32),
  watchersAssigned: uintNumber(16),
  watchersValid: uintNumber(16),
  samplesGood: uintNumber(64),
  samplesBad: uintNumber(64),
  samplesUnknown: uintNumber(64),
  samplesFault: uintNumber(64),
  dispersionAvailabilityPpm: uintNumber(40),
  dispersionLatencyP50Micros: uintNumber(40),
  stats: fc.array(stat, { minLength: 12, maxLength: 12 }),
});
