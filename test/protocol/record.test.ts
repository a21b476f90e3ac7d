import { expect, test } from 'vitest';
import {
  decodeRecord,
  encodeRecord,
  LEAF_BYTES,
  LEAVES_MAX,
  RECORD_BYTES_MAX,
  recordBytesMax,
} from '../../protocol/record.ts';
import { REVEAL_BYTES_MAX } from '../../protocol/reveal.ts';
import { wireValues } from '../../scripts/vectors/wire.ts';

/** A record of so many reveals at their largest, and some leaves. */
function largeRecord(batches: number, leaves: number) {
  const { record } = wireValues();
  const [observation] = record.observations;
  return {
    ...record,
    observations: Array.from({ length: batches }, (_, seat) => ({ ...observation!, seat })),
    reveals: new Array<Uint8Array>(batches).fill(new Uint8Array(REVEAL_BYTES_MAX)),
    leaves: new Array<Uint8Array>(leaves).fill(new Uint8Array(LEAF_BYTES)),
  };
}

test('the bound is what the largest batches and all leaves need, to the byte', () => {
  for (const [batches, leaves] of [
    [0, 0],
    [3, 5],
  ] as const) {
    const bytes = encodeRecord(largeRecord(batches, leaves));
    expect(bytes.length).toBe(recordBytesMax(batches) - (LEAVES_MAX - leaves) * LEAF_BYTES);
  }
  expect(RECORD_BYTES_MAX).toBe(recordBytesMax(512));
});

test('a record of more full batches than the 64 of a whole set is read', () => {
  const record = largeRecord(66, 1);
  expect(decodeRecord(encodeRecord(record)).reveals).toHaveLength(66);
});
