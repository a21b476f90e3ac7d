import { describe, expect, it, vi } from 'vitest';
import { systemClock, TIMER_MILLIS_MAX } from '../../platform/clock.ts';

const clock = systemClock();
const waited = (millis: number) => {
  const { promise, resolve } = Promise.withResolvers<number>();
  const start = clock.monotonicMicros();
  clock.after(millis, () => resolve(clock.monotonicMicros() - start));
  return promise;
};

describe('the system clock', () => {
  it('counts whole microseconds that never run backwards', () => {
    let last = clock.monotonicMicros();
    for (let i = 0; i < 1_000; i++) {
      const next = clock.monotonicMicros();
      expect(Number.isInteger(next)).toBe(true);
      expect(next).toBeGreaterThanOrEqual(last);
      last = next;
    }
  });

  it('never calls early, not even by a fraction of a millisecond', async () => {
    for (const millis of [-5, 0, 0.4, 1, 2.7, 3]) {
      expect(await waited(millis)).toBeGreaterThanOrEqual(Math.max(0, millis * 1_000));
    }
  });

  it('does not call what was cancelled', async () => {
    const fn = vi.fn();
    const timer = clock.after(1, fn);
    timer.cancel();
    timer.cancel();
    await waited(5);
    expect(fn).not.toHaveBeenCalled();
  });

  it('waits for longer than setTimeout can', async () => {
    const fn = vi.fn();
    const timer = clock.after(2 * TIMER_MILLIS_MAX, fn);
    await waited(5);
    expect(fn).not.toHaveBeenCalled();
    timer.cancel();
  });
});
