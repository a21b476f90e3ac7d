import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  AHEAD_BLOCKS_MAX,
  CHAINS_MAX,
  createHeadBook,
  type HeadBook,
  SIGHTINGS_MAX,
  VOICE_MILLIS_MAX,
} from '../../../node/probe/heads.ts';
import { manualClock } from './manual-clock.ts';

const CHAIN = 7n;

function bench() {
  const clock = manualClock();
  const book = createHeadBook(clock);
  /** Asked and answered at once. */
  const say = (
    voice: string,
    head: number,
    over: { trusted?: boolean; headUnixSeconds?: number; chainId?: bigint } = {},
  ) =>
    book.note({
      chainId: CHAIN,
      voice,
      head,
      headUnixSeconds: clock.now() / 1_000,
      askedMicros: clock.monotonicMicros(),
      ...over,
    });
  return { clock, book, say };
}

describe('the head that an endpoint is compared with', () => {
  it('is unknown until three providers have spoken, however many services they have', () => {
    const { say } = bench();
    expect(say('a', 100).lag).toBeUndefined();
    expect(say('b', 100).lag).toBeUndefined();
    expect(say('a', 100).lag).toBeUndefined();
    expect(say('c', 98)).toEqual({ lag: 2, isAhead: false });
  });

  it('is the median: one that lies ahead, or behind, shifts nobody', () => {
    for (const lie of [0, 50, 99, 101, 1_100, 1e12]) {
      const { say } = bench();
      for (const voice of ['a', 'b', 'c']) say(voice, 100);
      say('liar', lie);
      expect(say('a', 100), `${lie}`).toEqual({ lag: 0, isAhead: false });
      expect(say('stale', 90), `${lie}`).toEqual({ lag: 10, isAhead: false });
    }
  });

  it('calls a head ahead only beyond what a chain grows, and by the age of the blocks too', () => {
    const { say, clock } = bench();
    for (const voice of ['a', 'b']) say(voice, 100);
    expect(say('c', 100 + AHEAD_BLOCKS_MAX).isAhead).toBe(false);
    expect(say('c', 101 + AHEAD_BLOCKS_MAX).isAhead).toBe(true);
    // a and b stand still at a block of an hour ago: whoever is far ahead of them may be the only one that works.
    const headUnixSeconds = clock.now() / 1_000 - 3_600;
    for (const voice of ['a', 'b']) say(voice, 100, { headUnixSeconds });
    expect(say('c', 10_000).isAhead).toBe(false);
  });

  it('forgets a voice after its time, and a chain that nobody asks about', async () => {
    const { say, clock } = bench();
    for (const voice of ['a', 'b', 'c']) say(voice, 100);
    await clock.advance(VOICE_MILLIS_MAX + 1);
    expect(say('a', 90).lag).toBeUndefined();
    for (const voice of ['b', 'c']) say(voice, 100);
    expect(say('a', 90).lag).toBe(10);
    for (let i = 0; i < CHAINS_MAX; i++) say('a', 1, { chainId: 1_000n + BigInt(i) });
    expect(say('a', 90).lag).toBeUndefined();
  });

  it('is never higher than what the operator’s own references say: three registered liars accuse nobody', () => {
    const { say } = bench();
    for (const voice of ['x', 'y', 'z']) say(voice, 1_000);
    expect(say('a', 100).lag).toBe(900);
    say('mine', 100, { trusted: true });
    expect(say('a', 100)).toEqual({ lag: 0, isAhead: false });
    expect(say('a', 98).lag).toBe(2);
    // The other way round: liars far behind do not make an honest one look ahead.
    const behind = bench();
    for (const voice of ['x', 'y', 'z']) behind.say(voice, 100);
    expect(behind.say('a', 1_000).isAhead).toBe(true);
    behind.say('mine', 1_000, { trusted: true });
    expect(behind.say('a', 1_000).isAhead).toBe(false);
  });
});

/** A chain, endpoints that follow it with a delay, and probes that overlap. */
type World = {
  stepMillis: number[];
  delays: number[];
  probes: { voice: number; afterMillis: number; way: number[] }[];
};

const world = fc.record({
  stepMillis: fc.array(fc.integer({ min: 1, max: 1_000 }), { minLength: 20, maxLength: 20 }),
  delays: fc.array(fc.constantFrom(0, 0, 0, 5), { minLength: 5, maxLength: 5 }),
  probes: fc.array(
    fc.record({
      voice: fc.nat(4),
      afterMillis: fc.integer({ min: 0, max: 150 }),
      way: fc.array(fc.integer({ min: 0, max: 1_500 }), { minLength: 2, maxLength: 2 }),
    }),
    { minLength: 10, maxLength: 40 },
  ),
});

describe('a fresh endpoint, while the chain grows at any pace and probes overlap', () => {
  it('never has a lag and is never ahead, whoever of the others is behind or lies', async () => {
    await fc.assert(
      fc.asyncProperty(world, fc.constantFrom(-1_000, 0, 1, 1_000), async (given, lie) => {
        const standings = await simulate(given, lie);
        for (const { isFresh, lag, isAhead } of standings) {
          if (isFresh) expect([lag ?? 0, isAhead]).toEqual([0, false]);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('and the lag of one behind is at most what it is', async () => {
    let seen = 0;
    await fc.assert(
      fc.asyncProperty(world, async (given) => {
        const standings = await simulate({ ...given, delays: [0, 0, 0, 0, 5] }, 0);
        for (const { lag, delay } of standings) {
          expect(lag ?? 0).toBeLessThanOrEqual(delay);
          if (lag !== undefined && lag > 0) seen++;
        }
      }),
      { numRuns: 200 },
    );
    // It is seen: an estimate that is always 0 would pass the rest.
    expect(seen).toBeGreaterThan(50);
  });
});

/** Endpoint i answers with the chain's head minus its delay; endpoint 4 adds a lie when there is one. */
async function simulate({ stepMillis, delays, probes }: World, lie: number) {
  const clock = manualClock();
  const book: HeadBook = createHeadBook(clock);
  const standings: { isFresh: boolean; delay: number; lag: number | undefined; isAhead: boolean }[] = [];
  const ends: number[] = [];
  let sum = 0;
  for (const step of stepMillis) {
    sum += step;
    ends.push(sum);
  }
  const start = clock.now();
  const headNow = () => 1_000 + ends.filter((end) => end <= clock.now() - start).length;
  const blockSeconds = () => (start + (ends.findLast((end) => end <= clock.now() - start) ?? 0)) / 1_000;
  let at = 0;
  for (const { voice, afterMillis, way } of probes) {
    at += afterMillis;
    clock.after(at, () => {
      const askedMicros = clock.monotonicMicros();
      clock.after(way[0]!, () => {
        const isLiar = voice === 4 && lie !== 0;
        // A majority must be fresh, else nobody can know.
        const delay = voice >= 3 ? delays[voice]! : 0;
        const head = headNow() - delay + (isLiar ? lie : 0);
        const headUnixSeconds = blockSeconds();
        clock.after(way[1]!, () => {
          const said = { chainId: CHAIN, voice: `${voice}`, head, headUnixSeconds, askedMicros };
          standings.push({ isFresh: delay === 0 && !isLiar, delay, ...book.note(said) });
        });
      });
    });
  }
  await clock.advance(at + 3_000);
  expect(standings).toHaveLength(probes.length);
  return standings;
}

describe('overlapping probes', () => {
  it('are compared with what was known before they were asked, as far back as is kept', () => {
    const { say, book, clock } = bench();
    for (const voice of ['b', 'c']) say(voice, 100);
    const askedMicros = clock.monotonicMicros();
    clock.jump(1);
    for (let i = 1; i < SIGHTINGS_MAX; i++) for (const voice of ['b', 'c']) say(voice, 100 + i);
    const said = { chainId: CHAIN, voice: 'a', head: 100, headUnixSeconds: clock.now() / 1_000, askedMicros };
    expect(book.note(said).lag).toBe(0);
    for (const voice of ['b', 'c']) say(voice, 200);
    // What they had said before is gone: there is nothing to compare with.
    expect(book.note(said).lag).toBeUndefined();
  });
});
