import { describe, expect, it } from 'vitest';
import { createDigests, HEIGHT_MILLIS, HEIGHT_STRIDE } from '../../../node/probe/digests.ts';
import { manualClock } from './manual-clock.ts';

const CHAIN = 7n;
const DEPTH = 8;
const RIGHT = `0x${'11'.repeat(32)}`;
const FORK = `0x${'22'.repeat(32)}`;

function bench(head: number | 'unknown' = 100) {
  const clock = manualClock();
  const state = { head };
  const digests = createDigests(clock, () => (state.head === 'unknown' ? undefined : state.head));
  const height = digests.heightToCheck(CHAIN, DEPTH);
  const say = (voice: string, hash: string | undefined, trusted = false) =>
    digests.note({ chainId: CHAIN, depth: DEPTH, height: height ?? 0, voice, hash, trusted });
  return { clock, state, digests, height, say };
}

describe('the height at which hashes are compared', () => {
  it('is the head minus the depth, rounded down, and stands long enough for everybody to be asked', async () => {
    const { clock, state, digests, height } = bench(100);
    expect(height).toBe(80);
    expect(height! % HEIGHT_STRIDE).toBe(0);
    state.head = 500;
    expect(digests.heightToCheck(CHAIN, DEPTH)).toBe(80);
    await clock.advance(HEIGHT_MILLIS);
    expect(digests.heightToCheck(CHAIN, DEPTH)).toBe(480);
    // A head that had been a lie does not bind for longer than that.
    state.head = 100;
    await clock.advance(HEIGHT_MILLIS);
    expect(digests.heightToCheck(CHAIN, DEPTH)).toBe(80);
  });

  it('is unknown while no head is, and never the genesis block, which every fork shares', () => {
    for (const head of ['unknown' as const, 0, DEPTH, DEPTH + HEIGHT_STRIDE - 1])
      expect(bench(head).height).toBeUndefined();
    expect(bench(DEPTH + HEIGHT_STRIDE).height).toBe(HEIGHT_STRIDE);
  });
});

describe('the canonical hash', () => {
  it('is what more than half of at least three voices say', () => {
    const { say } = bench();
    expect(say('a', RIGHT)).toBe('open');
    expect(say('fork', FORK)).toBe('open');
    // Whoever speaks again has no second voice.
    expect(say('fork', FORK)).toBe('open');
    expect(say('b', RIGHT)).toBe('right');
    expect(say('fork', FORK)).toBe('wrong');
    expect(say('pruned', undefined)).toBe('missing');
    expect(say('other', FORK)).toBe('open');
    expect(say('a', RIGHT)).toBe('open');
  });

  it('is unknown where none has a majority, and where nobody has the block', () => {
    const split = bench();
    for (const [i, hash] of [RIGHT, FORK, `0x${'33'.repeat(32)}`].entries())
      expect(split.say(`${i}`, hash)).toBe('open');
    const none = bench();
    for (const voice of ['a', 'b', 'c', 'd']) expect(none.say(voice, undefined)).toBe('open');
  });

  it('is none that the operator’s own reference denies: registered liars make nobody wrong', () => {
    const { say } = bench();
    for (const voice of ['x', 'y', 'z']) say(voice, FORK);
    expect(say('a', RIGHT)).toBe('wrong');
    say('mine', RIGHT, true);
    expect(say('a', RIGHT)).toBe('open');
    expect(say('x', FORK)).toBe('open');
  });

  it('is nothing at a height that nobody asked about', () => {
    const { digests } = bench();
    const answer = { chainId: CHAIN, depth: DEPTH, height: 64, hash: RIGHT };
    for (const voice of ['a', 'b', 'c']) expect(digests.note({ ...answer, voice })).toBe('open');
  });

  it('still takes answers about the last height when the next one has begun', async () => {
    const { clock, state, digests, say } = bench();
    for (const voice of ['a', 'b']) say(voice, RIGHT);
    state.head = 500;
    await clock.advance(HEIGHT_MILLIS);
    digests.heightToCheck(CHAIN, DEPTH);
    expect(say('c', RIGHT)).toBe('right');
    state.head = 900;
    await clock.advance(HEIGHT_MILLIS);
    digests.heightToCheck(CHAIN, DEPTH);
    expect(say('c', RIGHT)).toBe('open');
  });
});
