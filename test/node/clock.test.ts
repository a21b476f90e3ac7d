import { expect, it } from 'vitest';
import { clockStage } from '../../node/clock.ts';
import type { Offset } from '../../platform/sntp.ts';
import { STANDARD } from '../../protocol/parameters.ts';
import { ABSENT_MICROS } from '../../protocol/sample.ts';
import { recordingLog } from '../support/simnet/log.ts';
import { manualClock } from './probe/manual-clock.ts';

/** Where the test's clock begins, and epoch 0. */
const START = manualClock().now();

/** Δ is 2 s, so a second is allowed; a commit can be signed for 7 s after the epoch's end. */
function world(offset?: Offset) {
  const base = manualClock();
  const state = { wall: 0, offset, block: 0, chainAnswers: true, isOff: false };
  const lines: unknown[] = [];
  const clock = { ...base, now: () => base.now() + state.wall };
  const stage = clockStage({
    facts: { parameters: STANDARD.parameters, calendar: { genesis: START / 1000, epochSeconds: 60 } } as never,
    chain: {
      newestTimestamp: async () => {
        if (!state.chainAnswers) throw new Error('no answer');
        return Math.floor(base.now() / 1000) + state.block;
      },
    },
    clock,
    guard: {
      setClockOff: (isOff) => {
        state.isOff = isOff;
      },
    },
    log: recordingLog(lines as never, {}),
    reference: { refresh: async () => undefined, offset: () => state.offset },
  });
  return { state, stage, base, lines };
}

it.each([
  [{ offsetMillis: 1_005, radiusMillis: 4 }, true],
  [{ offsetMillis: -1_005, radiusMillis: 4 }, true],
  // Not proven: it may be right to a second.
  [{ offsetMillis: 1_005, radiusMillis: 6 }, false],
  [{ offsetMillis: -900, radiusMillis: 1 }, false],
])('by NTP %j: off %s', async (offset, isOff) => {
  const { state, stage, lines } = world(offset);
  await stage.check();
  expect(state.isOff).toBe(isOff);
  expect(stage.errorMicros()).toBe(Math.abs(offset.offsetMillis) * 1000);
  expect(lines.length).toBe(isOff ? 1 : 0);
});

it('the chain is asked only for want of a majority of servers', async () => {
  const { state, stage } = world({ offsetMillis: 3, radiusMillis: 4 });
  // A block from the future, which servers know to be wrong.
  state.block = 60;
  await stage.check();
  expect([state.isOff, stage.errorMicros()]).toEqual([false, 3_000]);
  state.offset = undefined;
  await stage.check();
  expect([state.isOff, stage.errorMicros()]).toEqual([true, 60_000_000]);
  state.chainAnswers = false;
  await stage.check();
  expect([state.isOff, stage.errorMicros()]).toEqual([false, ABSENT_MICROS]);
});

it('a clock that jumps signs nothing of that epoch, whoever tells the time', async () => {
  for (const millis of [1_500, -1_500]) {
    const { state, stage, base } = world();
    await stage.check();
    expect(state.isOff).toBe(false);
    base.jump(30_000);
    state.wall += millis;
    stage.look();
    expect(state.isOff).toBe(true);
    // Looked at again and again, as every view does, until nobody takes a commit of that epoch any more, by either clock.
    const leftMillis = 37_000 + Math.max(0, -millis);
    for (let passed = 0; passed < leftMillis - 1_000; passed += 1_000) {
      base.jump(1_000);
      stage.look();
      expect(state.isOff).toBe(true);
    }
    base.jump(1_000 + (leftMillis % 1_000));
    stage.look();
    expect(state.isOff).toBe(false);
  }
});

it('a clock that is slewed, a little at each look, has not jumped', async () => {
  const { state, stage, base } = world();
  for (let i = 0; i < 10; i++) {
    base.jump(60_000);
    state.wall += 30;
    await stage.check();
    expect(state.isOff).toBe(false);
  }
});
