import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Accumulator,
  AccumulatorSsz,
  accumulatorLeaf,
  addSample,
  emptyAccumulator,
  fromFlat,
  mergeAccumulators,
  openBytes,
  STALLED_MICROS_MIN,
  toFlat,
  type Window,
  WindowKeySsz,
  windowKey,
} from '../../protocol/accumulator.ts';
import { concat, keccak } from '../../protocol/bytes.ts';
import { bucketOf, INFINITE_BUCKET } from '../../protocol/histogram.ts';
import { HISTOGRAM_BUCKETS_MAX } from '../../protocol/limits.ts';
import { REASON } from '../../protocol/reason.ts';
import { ABSENT_BURST, ABSENT_MICROS, emptySample, OUTCOME, type Sample } from '../../protocol/sample.ts';
import { drawn } from '../../scripts/vectors/world.ts';

const sample = (over: Partial<Sample>): Sample => ({
  ...emptySample(0, 0, OUTCOME.good, 0),
  totalMicros: 500,
  ...over,
});

function sum(...samples: readonly Sample[]): Accumulator {
  const accumulator = emptyAccumulator(drawn('watcher'), 3);
  for (const one of samples) addSample(accumulator, one);
  return accumulator;
}

describe('adding a sample', () => {
  it('counts each of the four outcomes once and only good and bad ones as latency', () => {
    const all = sum(...Object.values(OUTCOME).map((outcome) => sample({ outcome })));
    expect(all).toMatchObject({ good: 1, bad: 1, unknown: 1, fault: 1 });
    expect(all.latency).toEqual([bucketOf(500), 1, INFINITE_BUCKET, 1]);
  });

  it('takes the end of [total - stall, total] that favours the provider', () => {
    expect(sum(sample({ totalMicros: 900, stallMicros: 400 })).latency).toEqual([bucketOf(500), 1]);
    expect(sum(sample({ totalMicros: 100, stallMicros: 400 })).latency).toEqual([0, 1]);
  });

  it('counts an answer that failed as infinitely late, however quick it was', () => {
    expect(sum(sample({ outcome: OUTCOME.bad, totalMicros: 1 })).latency).toEqual([INFINITE_BUCKET, 1]);
  });

  it('takes connect time, head lag and finality only where they were measured', () => {
    const none = sum(sample({}));
    expect(none.minRttMicros).toBe(ABSENT_MICROS);
    expect(none.headLag.length + none.finality.length).toBe(0);
    const some = sum(sample({ connectMicros: 70, headLag: 0, finalityMicros: 12 }), sample({ connectMicros: 90 }));
    expect(some.minRttMicros).toBe(70);
    expect(some.headLag).toEqual([0, 1]);
    expect(some.finality).toEqual([12, 1]);
  });

  it('counts bursts that met their rate, and none of samples that say nothing', () => {
    const bursts = sum(
      sample({ burst: 1 }),
      sample({ burst: 0 }),
      sample({ burst: ABSENT_BURST }),
      sample({ burst: 0, outcome: OUTCOME.bad }),
      sample({ burst: 1, outcome: OUTCOME.unknown }),
      sample({ burst: 1, outcome: OUTCOME.watcherFault }),
    );
    expect(bursts).toMatchObject({ bursts: 3, burstsMet: 1 });
  });

  it('counts good and bad samples that a stall fell into, beside everything else that it counts', () => {
    const stallMicros = STALLED_MICROS_MIN;
    const all = sum(
      sample({ totalMicros: stallMicros + 20_000, stallMicros }),
      sample({ totalMicros: stallMicros + 40_000, stallMicros: stallMicros - 1 }),
      sample({ outcome: OUTCOME.bad, stallMicros: 0xffffffff }),
      sample({ outcome: OUTCOME.unknown, stallMicros }),
      sample({ outcome: OUTCOME.watcherFault, stallMicros }),
    );
    expect(all).toMatchObject({ good: 2, bad: 1, unknown: 1, fault: 1, stalled: 2 });
    expect(all.latency).toEqual([bucketOf(20_000), 1, bucketOf(40_001), 1, INFINITE_BUCKET, 1]);
  });

  it('counts an answer as checked and right if it was compared with a known one, as wrong if that is what it failed', () => {
    const outcomes = fc.constantFrom(...Object.values(OUTCOME));
    const reasons = fc.constantFrom(...Object.values(REASON));
    const digests = fc.oneof(fc.constant(new Uint8Array(32)), fc.uint8Array({ minLength: 32, maxLength: 32 }));
    const one = fc.record({ outcome: outcomes, reason: reasons, bodyDigest: digests });
    fc.assert(
      fc.property(fc.array(one, { maxLength: 12 }), (list) => {
        const isZero = ({ bodyDigest }: { bodyDigest: Uint8Array }) =>
          Buffer.compare(bodyDigest, Buffer.alloc(32)) === 0;
        const right = list.filter((s) => s.outcome === OUTCOME.good && !isZero(s)).length;
        const wrong = list.filter(
          ({ outcome, reason }) => outcome === OUTCOME.bad && [12, 19, 20].includes(reason),
        ).length;
        expect(sum(...list.map(sample))).toMatchObject({ correct: right, checked: right + wrong });
      }),
    );
    const bodyDigest = new Uint8Array(32).fill(0, 0, 31).fill(1, 31);
    const some = [
      sample({ bodyDigest }),
      sample({}),
      ...[REASON.wrongBody, REASON.wrongHash, REASON.wrongAnswer, REASON.wrongStatus].map((reason) =>
        sample({ outcome: OUTCOME.bad, reason, bodyDigest }),
      ),
    ];
    expect(sum(...some)).toMatchObject({ good: 2, bad: 4, checked: 4, correct: 1 });
  });

  it('does not depend on the order of samples', () => {
    const samples = [1, 70, 5_000, 70].map((totalMicros) => sample({ totalMicros }));
    const window: Window = {
      serviceId: drawn('s'),
      windowStart: 0,
      windowEpochs: 2,
      epochsCounted: 1,
      accumulators: [],
    };
    expect(accumulatorLeaf(window, sum(...samples))).toEqual(accumulatorLeaf(window, sum(...samples.reverse())));
  });
});

describe('merging two stretches', () => {
  const samples = fc.array(
    fc.record({
      outcome: fc.constantFrom(...Object.values(OUTCOME)),
      totalMicros: fc.nat({ max: 3_000 }),
      connectMicros: fc.constantFrom(5, 70, ABSENT_MICROS),
      headLag: fc.constantFrom(0, 3, ABSENT_MICROS),
      finalityMicros: fc.constantFrom(9, ABSENT_MICROS),
      burst: fc.constantFrom(0, 1, ABSENT_BURST),
      stallMicros: fc.constantFrom(0, 9_999, 10_000),
      reason: fc.constantFrom(0, 12, 19, 20),
      bodyDigest: fc.constantFrom(new Uint8Array(32), drawn('body')),
    }),
    { maxLength: 20 },
  );

  it('is the same as adding all samples to one, and leaves both as they were', () => {
    fc.assert(
      fc.property(samples, samples, (first, second) => {
        const [a, b] = [sum(...first.map(sample)), sum(...second.map(sample))];
        const before = structuredClone([a, b]);
        expect(mergeAccumulators(a, b)).toEqual(sum(...[...first, ...second].map(sample)));
        expect([a, b]).toEqual(before);
      }),
    );
  });

  it('adds weights and epochs, and keeps the region of the first', () => {
    const a = { ...sum(), region: 1, assignedWeight: 5n, countedWeight: 3n, epochsCounted: 2, correct: 1, checked: 2 };
    const b = { ...sum(), region: 2, assignedWeight: 7n, countedWeight: 0n, epochsCounted: 1, correct: 0, checked: 4 };
    const both = { region: 1, assignedWeight: 12n, countedWeight: 3n, epochsCounted: 3, correct: 1, checked: 6 };
    expect(mergeAccumulators(a, b)).toMatchObject(both);
  });
});

/** A copy of the accumulator for each of its fields, with that field changed. */
function changedFields(base: Accumulator): Accumulator[] {
  return (Object.keys(base) as (keyof Accumulator)[]).map((name) => {
    const value = base[name];
    if (value instanceof Uint8Array) return { ...base, [name]: drawn('changed') };
    if (Array.isArray(value)) return { ...base, [name]: [...value, 777, 1] };
    return { ...base, [name]: typeof value === 'bigint' ? value + 1n : Number(value) - 1 };
  });
}

describe('the Merkle leaf of an accumulator', () => {
  const window: Window = { serviceId: drawn('s'), windowStart: 4, windowEpochs: 2, epochsCounted: 1, accumulators: [] };
  const base: Accumulator = {
    ...sum(sample({ connectMicros: 70, headLag: 1, finalityMicros: 12 })),
    assignedWeight: 10n,
    countedWeight: 10n,
    epochsCounted: 5,
    bad: 1,
    unknown: 2,
    fault: 3,
    stalled: 1,
    bursts: 2,
    burstsMet: 1,
    correct: 1,
    checked: 2,
  };

  it('changes with every field of it and of its window', () => {
    const leaves = [
      accumulatorLeaf(window, base),
      ...changedFields(base).map((one) => accumulatorLeaf(window, one)),
      accumulatorLeaf(window, { ...base, latency: [bucketOf(500), 2] }),
      accumulatorLeaf({ ...window, serviceId: drawn('t') }, base),
      accumulatorLeaf({ ...window, windowStart: 6 }, base),
      accumulatorLeaf({ ...window, windowEpochs: 4 }, base),
      accumulatorLeaf({ ...window, epochsCounted: 2 }, base),
    ];
    expect(leaves).toHaveLength(1 + 18 + 5);
    expect(new Set(leaves.map((leaf) => Buffer.from(leaf).toString('hex'))).size).toBe(leaves.length);
  });

  it('comes back from its flat form and its bytes', () => {
    expect(fromFlat(toFlat(base))).toEqual(base);
    expect(fromFlat(AccumulatorSsz.deserialize(AccumulatorSsz.serialize(toFlat(base))))).toEqual(base);
  });

  it('is of the bytes that SSZ gives, for any accumulator that SSZ can hold', () => {
    const u32 = fc.nat({ max: 0xffffffff });
    const u256 = fc.bigInt({ min: 0n, max: 2n ** 256n - 1n });
    const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 });
    const histogram = fc
      .uniqueArray(fc.tuple(fc.nat({ max: 0xffff }), u32), { selector: ([bucket]) => bucket })
      .map((pairs) => pairs.sort(([a], [b]) => a - b).flat());
    const counts = { epochsCounted: u32, good: u32, bad: u32, unknown: u32, fault: u32, stalled: u32 };
    const any = fc.record({
      ...{ watcher: bytes32, region: fc.nat({ max: 0xffff }), assignedWeight: u256, countedWeight: u256, ...counts },
      ...{ burstsMet: u32, bursts: u32 },
      ...{ latency: histogram, finality: histogram, headLag: histogram, correct: u32, checked: u32, minRttMicros: u32 },
    });
    const anyWindow = fc.record({
      ...{ serviceId: bytes32, windowStart: fc.maxSafeNat(), windowEpochs: u32, epochsCounted: u32 },
      accumulators: fc.constant<Accumulator[]>([]),
    });
    fc.assert(
      fc.property(anyWindow, any, (w, a) => {
        const ssz = concat(Uint8Array.of(0), WindowKeySsz.serialize(w), AccumulatorSsz.serialize(toFlat(a)));
        expect(openBytes(w, a)).toEqual(ssz);
        expect(accumulatorLeaf(w, a)).toEqual(keccak(keccak(ssz)));
      }),
      { numRuns: 200 },
    );
  });

  it('has room for the longest histograms, and none for longer ones or numbers that do not fit', () => {
    const longest = Array.from({ length: 2 * HISTOGRAM_BUCKETS_MAX }, (_, i) => (i % 2 === 0 ? i / 2 : 0xffffffff));
    const full = { ...base, latency: longest, finality: longest, headLag: longest };
    const ssz = concat(Uint8Array.of(0), WindowKeySsz.serialize(window), AccumulatorSsz.serialize(toFlat(full)));
    expect(openBytes(window, full)).toEqual(ssz);
    const wrong: Partial<Accumulator>[] = [
      ...(['latency', 'finality', 'headLag'] as const).map((name) => ({ [name]: [...longest, 901, 1] })),
      ...[-1, 0.5, 2 ** 32, Number.NaN].flatMap((value) => [{ good: value }, { latency: [3, value] }]),
      ...[{ region: 2 ** 16 }, { assignedWeight: -1n }, { countedWeight: 2n ** 256n }, { watcher: new Uint8Array(31) }],
    ];
    for (const over of wrong) expect(() => accumulatorLeaf(window, { ...base, ...over })).toThrow(RangeError);
  });

  it('has a key that names service, length and start', () => {
    expect(windowKey(Uint8Array.of(0xab), 20, 10)).toBe('ab/10/20');
  });
});
