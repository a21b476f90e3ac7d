import { beforeEach, describe, expect, test } from 'vitest';
import { coalesce } from '../../ledger/coalesce.ts';
import { EPOCHS_CACHED_MAX, epochFacts } from '../../ledger/epoch.ts';
import { demanded, mayInclude, mustInclude, wasTimely } from '../../ledger/inclusion.ts';
import { epochDue } from '../../ledger/turn.ts';
import type { Service } from '../../protocol/service.ts';
import { epochStart, roundOf } from '../../protocol/time.ts';
import { type Bench, createBench } from '../support/simnet/bench.ts';
import { settle } from '../support/simnet/clock.ts';
import { draw } from '../support/simnet/random.ts';

const EPOCH = 5;
let bench: Bench;
beforeEach(() => {
  bench = createBench(EPOCH);
});

describe('inclusion', () => {
  // Of MINIMAL, after the epoch's end: commits by 500, grace to 700, reveals from 900, freeze at 1,400.
  const round = () => roundOf(bench.facts.calendar, bench.facts.parameters, EPOCH);
  const end = () => epochStart(bench.facts.calendar, EPOCH + 1);
  const hear = (seat: number, commitAt: number, revealAt?: number) => {
    const { commit, observation, batch, reveal } = bench.sealed(seat);
    bench.pool.addCommit({ commit, seat, heardAt: end() + commitAt });
    if (revealAt !== undefined) bench.pool.addReveal({ observation, batch, bytes: reveal, heardAt: end() + revealAt });
    return observation;
  };
  const seats = (heard: { observation: { seat: number } }[]) => heard.map(({ observation }) => observation.seat);

  test('an attester insists on commits by their deadline whose reveal it held at the freeze, both inclusive', () => {
    hear(0, 500, 1_400);
    hear(1, 501, 1_000);
    hear(2, 0, 1_401);
    hear(3, 0);
    expect(seats(mustInclude(bench.pool, EPOCH, round()))).toEqual([0]);
  });

  test('a leader takes commits within the grace, and reveals whenever they came', () => {
    hear(3, 700, 3_000);
    hear(1, 701, 1_000);
    hear(0, 0, 1_000);
    hear(2, 0);
    expect(seats(mayInclude(bench.pool, EPOCH, round()))).toEqual([0, 3]);
  });

  test('a commit is timely if it was heard before the reveals began, inclusive, and is the one named', () => {
    const timely = hear(0, 900);
    const late = hear(1, 901);
    expect(wasTimely(bench.pool, EPOCH, round(), timely)).toBe(true);
    expect(wasTimely(bench.pool, EPOCH, round(), late)).toBe(false);
    expect(wasTimely(bench.pool, EPOCH, round(), { ...timely, commitment: draw(1, 'c') })).toBe(false);
    expect(wasTimely(bench.pool, EPOCH, round(), { ...timely, seat: 2 })).toBe(false);
  });

  test('what a refusal demands is included if its commit was timely and its reveal is here, once', () => {
    const wanted = hear(2, 850, 1_000);
    const late = hear(1, 950, 1_000);
    const unseen = hear(3, 850);
    hear(0, 0, 1_000);
    for (const seat of [0, 3]) {
      bench.pool.addRefusal(bench.by(seat).refusal(EPOCH, 0, draw(1, 'r'), [wanted, late, unseen]));
    }
    expect(seats(mayInclude(bench.pool, EPOCH, round()))).toEqual([0, 2]);
    expect(new Set(demanded(bench.pool, EPOCH, round()).map(({ seat }) => seat))).toEqual(new Set([2, 3]));
  });
});

describe('the epoch that is due', () => {
  const due = (epoch: number, millis: number, last: number) => {
    const clock = { ...bench.clock, now: () => epochStart(bench.facts.calendar, epoch) + millis };
    return epochDue(clock as typeof bench.clock, bench.facts.calendar, bench.facts.parameters, last);
  };

  test('is the first after the last report, and never the running one', () => {
    expect(due(0, 0, -1)).toBeUndefined();
    expect(due(1, 0, -1)).toBe(0);
    expect(due(2, 0, 0)).toBe(1);
    expect(due(2, 0, 1)).toBeUndefined();
    expect(due(2, 0, -1)).toBe(0);
  });

  test('is one whose deadline has not passed', () => {
    // The report of epoch 0 may land until 3 epochs after its end.
    expect(due(3, 3_999, -1)).toBe(0);
    expect(due(4, 0, -1)).toBe(1);
    expect(due(1_000, 0, -1)).toBe(997);
  });

  test('is none before genesis, or when the last report is ahead of the clock', () => {
    expect(due(-3, 0, -1)).toBeUndefined();
    expect(due(5, 0, 900)).toBeUndefined();
  });
});

describe('an epoch’s facts', () => {
  const facts = (hasBegun: (epoch: number) => boolean = () => true) => {
    const asked: number[] = [];
    let failing = false;
    const chain = {
      facts: bench.facts,
      setAt: async () => bench.set,
      servicesAt: async (): Promise<readonly Service[]> => bench.services,
      seedAt: async (epoch: number) => {
        asked.push(epoch);
        if (failing) throw new Error('no answer');
        return bench.seed;
      },
    };
    const fail = (now: boolean) => {
      failing = now;
    };
    return { read: epochFacts(chain, hasBegun), asked, fail };
  };

  test('are read once for all who ask, even at the same time', async () => {
    const { read, asked } = facts();
    const [a, b] = await Promise.all([read(3), read(3)]);
    expect(a).toBe(b);
    expect(await read(3)).toMatchObject({ epoch: 3, set: bench.set, services: bench.services, seed: bench.seed });
    expect(asked).toEqual([3]);
  });

  test('are not kept when the read failed', async () => {
    const { read, asked, fail } = facts();
    fail(true);
    await expect(read(3)).rejects.toThrow('no answer');
    fail(false);
    await read(3);
    expect(asked).toEqual([3, 3]);
  });

  test('are not kept of an epoch that has not begun: they may still change', async () => {
    const { read, asked } = facts((epoch) => epoch < 3);
    await read(3);
    await read(3);
    expect(asked).toEqual([3, 3]);
  });

  test('are kept of the newest epochs only', async () => {
    const { read, asked } = facts();
    for (let epoch = 0; epoch <= EPOCHS_CACHED_MAX; epoch++) await read(epoch);
    asked.length = 0;
    await read(1);
    await read(EPOCHS_CACHED_MAX);
    await read(0);
    expect(asked).toEqual([0]);
  });
});

describe('coalescing', () => {
  test('runs once for a call, once more for any number of calls meanwhile, and never twice at a time', async () => {
    let running = 0;
    let most = 0;
    let runs = 0;
    const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const run = coalesce(
      async () => {
        most = Math.max(most, ++running);
        await gates[runs++]!.promise;
        running--;
      },
      () => {},
    );
    for (let i = 0; i < 5; i++) run();
    expect(runs).toBe(1);
    gates[0]!.resolve();
    await settle();
    expect(runs).toBe(2);
    gates[1]!.resolve();
    await settle();
    expect([runs, most]).toEqual([2, 1]);
  });

  test('goes on after a failure, and tells of it', async () => {
    const told: unknown[] = [];
    let runs = 0;
    const run = coalesce(
      async () => {
        if (runs++ === 0) throw new Error('first');
      },
      (error) => told.push(error),
    );
    run();
    await settle();
    run();
    await settle();
    expect(runs).toBe(2);
    expect(told.map(String)).toEqual(['Error: first']);
  });
});
