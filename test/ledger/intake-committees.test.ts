import { beforeEach, describe, expect, test } from 'vitest';
import { revealIntake } from '../../ledger/intake/reveal.ts';
import { everyone, owedBy } from '../../protocol/assigned.ts';
import type { Sample } from '../../protocol/sample.ts';
import { type Bench, createBench, said } from '../support/simnet/bench.ts';

const EPOCH = 5;
/** 72 equal seats, 47 of them in the committee of each of the two services. */
let bench: Bench;
beforeEach(async () => {
  bench = createBench(EPOCH, new Array<bigint>(72).fill(100n));
  await bench.at(1_700);
});

const give = async (reveal: Uint8Array) => said(await revealIntake(bench.deps)('peer', reveal));

describe('a reveal of a watcher in committees', () => {
  const [IN, OUT] = [true, false];
  /** A seat that is in the first service's committee or not, and in the second's or not. */
  const seatThat = (first: boolean, second: boolean): number => {
    const found = bench.set.seats.find(({ watcher }) => {
      const owes = owedBy(bench.assignment, watcher);
      return owes(bench.services[0]!) === first && owes(bench.services[1]!) === second;
    });
    return found!.seat;
  };
  const sealedWith = (seat: number, change: (samples: Sample[]) => Sample[]) => {
    const { batch } = bench.sealed(seat);
    return bench.by(seat).sealed({ ...batch, samples: change(batch.samples) }).reveal;
  };
  /** The batch that the seat would owe if everyone probed everything. */
  const ofEverything = (seat: number) => {
    const { epoch, set, services, seed } = bench;
    return bench.by(seat).batch({ epoch, set, services, seed, assignment: everyone(set) });
  };

  test.each([
    [IN, IN],
    [IN, OUT],
    [OUT, IN],
    [OUT, OUT],
  ])('is accepted with the slots of its committees (%s, %s), and those are none when it is in none', async (a, b) => {
    const { batch, reveal } = bench.sealed(seatThat(a, b));
    expect(new Set(batch.samples.map(({ service }) => service))).toEqual(
      new Set([...(a ? [0] : []), ...(b ? [1] : [])]),
    );
    expect(await give(reveal)).toBe('accept');
  });

  test('is rejected with samples of a service whose committee it is not in', async () => {
    for (const seat of [seatThat(IN, OUT), seatThat(OUT, IN), seatThat(OUT, OUT)]) {
      const { reveal } = bench.by(seat).sealed(ofEverything(seat));
      expect(await give(reveal)).toBe('reject bad-batch');
    }
  });

  const without = (service: number) => (samples: Sample[]) => samples.filter((sample) => sample.service !== service);

  test.each([
    ['one of two', IN, IN, without(1)],
    ['its only one', IN, OUT, without(0)],
    ['one slot of the last', IN, IN, (samples: Sample[]) => samples.slice(0, -1)],
  ])('is rejected without the samples of a service whose committee it is in: %s', async (_, a, b, change) => {
    expect(await give(sealedWith(seatThat(a, b), change))).toBe('reject bad-batch');
  });

  test('is rejected with samples of the other service in the place of those that it owes', async () => {
    const seat = seatThat(IN, OUT);
    const other = ofEverything(seat).samples.filter(({ service }) => service === 1);
    expect(await give(sealedWith(seat, () => other))).toBe('reject bad-batch');
  });
});
