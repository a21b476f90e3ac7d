import { describe, expect, it } from 'vitest';
import {
  type Accumulator,
  AccumulatorSsz,
  accumulatorLeaf,
  addSample,
  copyAccumulator,
  emptyAccumulator,
  fromFlat,
  toFlat,
  type Window,
  windowKey,
} from '../../protocol/accumulator.ts';
import { bucketOf, INFINITE_BUCKET } from '../../protocol/histogram.ts';
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
    expect([...all.latency]).toEqual([
      [bucketOf(500), 1],
      [INFINITE_BUCKET, 1],
    ]);
  });

  it('takes the end of [total - stall, total] that favours the provider', () => {
    expect([...sum(sample({ totalMicros: 900, stallMicros: 400 })).latency]).toEqual([[bucketOf(500), 1]]);
    expect([...sum(sample({ totalMicros: 100, stallMicros: 400 })).latency]).toEqual([[0, 1]]);
  });

  it('counts an answer that failed as infinitely late, however quick it was', () => {
    expect([...sum(sample({ outcome: OUTCOME.bad, totalMicros: 1 })).latency]).toEqual([[INFINITE_BUCKET, 1]]);
  });

  it('takes connect time, head lag and finality only where they were measured', () => {
    const none = sum(sample({}));
    expect(none.minRttMicros).toBe(ABSENT_MICROS);
    expect(none.headLag.size + none.finality.size).toBe(0);
    const some = sum(sample({ connectMicros: 70, headLag: 0, finalityMicros: 12 }), sample({ connectMicros: 90 }));
    expect(some.minRttMicros).toBe(70);
    expect([...some.headLag]).toEqual([[0, 1]]);
    expect([...some.finality]).toEqual([[12, 1]]);
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

/** A copy of the accumulator for each of its fields, with that field changed. */
function changedFields(base: Accumulator): Accumulator[] {
  return (Object.keys(base) as (keyof Accumulator)[]).map((name) => {
    const value = base[name];
    if (value instanceof Uint8Array) return { ...base, [name]: drawn('changed') };
    if (value instanceof Map) return { ...base, [name]: new Map([...value, [777, 1]]) };
    return { ...base, [name]: typeof value === 'bigint' ? value + 1n : value - 1 };
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
    bursts: 2,
    burstsMet: 1,
    correct: 1,
    checked: 2,
  };

  it('changes with every field of it and of its window', () => {
    const leaves = [
      accumulatorLeaf(window, base),
      ...changedFields(base).map((one) => accumulatorLeaf(window, one)),
      accumulatorLeaf(window, { ...base, latency: new Map([[bucketOf(500), 2]]) }),
      accumulatorLeaf({ ...window, serviceId: drawn('t') }, base),
      accumulatorLeaf({ ...window, windowStart: 6 }, base),
      accumulatorLeaf({ ...window, windowEpochs: 4 }, base),
      accumulatorLeaf({ ...window, epochsCounted: 2 }, base),
    ];
    expect(leaves).toHaveLength(1 + 17 + 5);
    expect(new Set(leaves.map((leaf) => Buffer.from(leaf).toString('hex'))).size).toBe(leaves.length);
  });

  it('comes back from its flat form and its bytes', () => {
    expect(fromFlat(toFlat(base))).toEqual(base);
    expect(fromFlat(AccumulatorSsz.deserialize(AccumulatorSsz.serialize(toFlat(base))))).toEqual(base);
  });

  it('is not touched through a copy', () => {
    const copy = copyAccumulator(base);
    addSample(copy, sample({ headLag: 9, finalityMicros: 9 }));
    expect(base.latency.get(bucketOf(500))).toBe(1);
    expect(base.headLag.size).toBe(1);
    expect(base.finality.size).toBe(1);
  });

  it('has a key that names service, length and start', () => {
    expect(windowKey(Uint8Array.of(0xab), 20, 10)).toBe('ab/10/20');
  });
});
