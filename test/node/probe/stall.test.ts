import { describe, expect, it } from 'vitest';
import { createStallMeter, STALL_SLACK_MICROS } from '../../../node/probe/stall.ts';
import { manualClock } from './manual-clock.ts';

const TICK_MILLIS = 10;

describe('the stall meter', () => {
  it('asks so often that no stall of a few milliseconds hides between two ticks', async () => {
    const clock = manualClock();
    const watch = createStallMeter(clock).watch();
    await clock.advance(100);
    clock.jump(8);
    expect(watch.worstMicros()).toBe(7_000);
  });

  it('sees nothing while the loop turns', async () => {
    const clock = manualClock();
    const watch = createStallMeter(clock, TICK_MILLIS).watch();
    await clock.advance(200);
    expect(watch.worstMicros()).toBe(0);
  });

  it('sees a stall before the late tick and after it, and remembers the worst', async () => {
    const clock = manualClock();
    const watch = createStallMeter(clock, TICK_MILLIS).watch();
    clock.jump(60);
    expect(watch.worstMicros()).toBe(50_000);
    await clock.advance(100);
    clock.jump(30);
    await clock.advance(100);
    expect(watch.worstMicros()).toBe(50_000);
  });

  it('adds all stalls up, each once, also one that has not ended', async () => {
    const clock = manualClock();
    const watch = createStallMeter(clock, TICK_MILLIS).watch();
    clock.jump(60);
    expect(watch.worstMicros()).toBe(50_000);
    expect(watch.totalMicros()).toBe(50_000);
    await clock.advance(100);
    clock.jump(30);
    expect(watch.totalMicros()).toBe(70_000);
    await clock.advance(100);
    expect(watch.totalMicros()).toBe(70_000);
  });

  it('takes the granularity of timers for no stall', () => {
    const clock = manualClock();
    const watch = createStallMeter(clock, TICK_MILLIS).watch();
    clock.jump(TICK_MILLIS + STALL_SLACK_MICROS / 1_000);
    expect(watch.worstMicros()).toBe(0);
  });

  it('charges a watch only with what happened since it began', async () => {
    const clock = manualClock();
    const meter = createStallMeter(clock, TICK_MILLIS);
    const early = meter.watch();
    clock.jump(100);
    const late = meter.watch();
    clock.jump(7);
    expect(early.worstMicros()).toBe(97_000);
    expect(late.worstMicros()).toBe(7_000);
  });

  it('ticks only while somebody watches', async () => {
    const clock = manualClock();
    let armed = 0;
    const counting = {
      ...clock,
      after: (millis: number, fn: () => void) => {
        armed += 1;
        return clock.after(millis, fn);
      },
    };
    const watch = createStallMeter(counting, TICK_MILLIS).watch();
    await clock.advance(25);
    watch.stop();
    watch.stop();
    const before = armed;
    await clock.advance(100);
    expect(armed).toBe(before);
    expect(watch.worstMicros()).toBe(0);
  });
});
