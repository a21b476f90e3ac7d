import { describe, expect, it } from 'vitest';
import { slotsOf } from '../../protocol/assignment.ts';
import {
  type Batch,
  type BatchFrame,
  batchHash,
  checkBatch,
  decodeBatch,
  encodeBatch,
  START_LAG_MAX_MICROS,
} from '../../protocol/batch.ts';
import { toHex } from '../../protocol/bytes.ts';
import { PlumblineError } from '../../protocol/error.ts';
import { BATCH_BYTES_MAX, SAMPLES_MAX } from '../../protocol/limits.ts';
import { MINIMAL, PROTOCOL_VERSION } from '../../protocol/parameters.ts';
import { ABSENT_MICROS, emptySample, OUTCOME, type Sample } from '../../protocol/sample.ts';
import { batchOf, contextOf, drawn, SMALL_SERVICES } from '../../scripts/vectors/world.ts';

const BATCH = batchOf(contextOf(5), 1, () => ({}));
const SLOTS = slotsOf(SMALL_SERVICES, BATCH.vrfProof, MINIMAL.epochSeconds);
const FRAME: BatchFrame = BATCH;

const check = (batch: Batch) => () => checkBatch(batch, FRAME, SLOTS);
const withSample = (at: number, over: Partial<Sample>): Batch => ({
  ...BATCH,
  samples: BATCH.samples.with(at, { ...BATCH.samples[at]!, ...over }),
});

describe('a batch', () => {
  it('passes with one sample per slot, in order, on its schedule', () => {
    expect(check(BATCH)).not.toThrow();
  });

  it.each([
    ['protocol version', { protocolVersion: PROTOCOL_VERSION + 1 }],
    ['another oracle', { chainId: 1 }],
    ['another oracle', { oracle: drawn('other').subarray(0, 20) }],
    ['another epoch or set', { epoch: 6 }],
    ['another epoch or set', { setId: 9 }],
    ['other parameters', { parametersId: drawn('other') }],
    ['another watcher', { watcher: drawn('other') }],
    ['8 samples for 9 slots', { samples: BATCH.samples.slice(1) }],
    ['10 samples for 9 slots', { samples: [...BATCH.samples, BATCH.samples[0]!] }],
    ['is not of slot', { samples: [...BATCH.samples].reverse() }],
  ])('made for something else fails: %s', (what, over) => {
    expect(check({ ...BATCH, ...over })).toThrow(what);
    expect(check({ ...BATCH, ...over })).toThrow(PlumblineError);
  });

  it('fails with a sample that breaks a rule', () => {
    expect(check(withSample(3, { outcome: 4 as Sample['outcome'] }))).toThrow('no known outcome');
    expect(check(withSample(3, { slot: 4 }))).toThrow('is not of slot 3');
    expect(check(withSample(3, { totalMicros: ABSENT_MICROS }))).toThrow('has no time');
    const due = SLOTS[3]!.offsetMicros;
    for (const outcome of [OUTCOME.good, OUTCOME.bad]) {
      expect(check(withSample(3, { outcome, startMicros: due - 1 }))).toThrow('off its schedule');
      expect(check(withSample(3, { outcome, startMicros: due + START_LAG_MAX_MICROS + 1 }))).toThrow(
        'off its schedule',
      );
      expect(check(withSample(3, { outcome, startMicros: due + START_LAG_MAX_MICROS }))).not.toThrow();
    }
    // What accuses nobody may have started at any time, or not at all.
    for (const outcome of [OUTCOME.unknown, OUTCOME.watcherFault]) {
      expect(check(withSample(3, { ...emptySample(0, 3, outcome, 150) }))).not.toThrow();
    }
  });

  it('of the most samples fits its bound, and one more does not decode', () => {
    const many = (count: number) =>
      encodeBatch({ ...BATCH, samples: new Array<Sample>(count).fill(BATCH.samples[0]!) });
    const full = many(SAMPLES_MAX);
    expect(full.length).toBeLessThanOrEqual(BATCH_BYTES_MAX);
    expect(decodeBatch(full).samples).toHaveLength(SAMPLES_MAX);
    expect(() => decodeBatch(many(SAMPLES_MAX + 1))).toThrow(PlumblineError);
  });

  it('has another hash for a change of any byte', () => {
    const bytes = encodeBatch(BATCH);
    const hashes = new Set([toHex(batchHash(bytes))]);
    for (let i = 0; i < bytes.length; i += 7) {
      const changed = Uint8Array.from(bytes);
      changed[i]! ^= 1;
      hashes.add(toHex(batchHash(changed)));
    }
    expect(hashes.size).toBe(1 + Math.ceil(bytes.length / 7));
  });

  it('is not encoded with a number that the wire would bend', () => {
    for (const startMicros of [-1, 0.5, 2 ** 32, Number.NaN]) {
      expect(() => encodeBatch(withSample(0, { startMicros })), String(startMicros)).toThrow(RangeError);
    }
  });
});
