import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../../../platform/clock.ts';

/** A clock that stands still until the test moves it. */
export interface ManualClock extends Clock {
  /** Moves time on, firing every timer at its very due time; lets pending callbacks run after each. */
  advance(millis: number): Promise<void>;
  /** Moves time on without firing anything: what a stalled event loop looks like. */
  jump(millis: number): void;
}

const START_UNIX_MILLIS = 1_800_000_000_000;

export function manualClock(): ManualClock {
  let micros = 0;
  const timers = new Set<{ dueMicros: number; fn: () => void }>();
  const nextDue = (untilMicros: number) =>
    [...timers].filter((timer) => timer.dueMicros <= untilMicros).sort((a, b) => a.dueMicros - b.dueMicros)[0];

  return {
    now: () => START_UNIX_MILLIS + micros / 1_000,
    monotonicMicros: () => micros,
    after: (millis, fn) => {
      const timer = { dueMicros: micros + Math.ceil(Math.max(0, millis) * 1_000), fn };
      timers.add(timer);
      return { cancel: () => timers.delete(timer) };
    },
    jump: (millis) => {
      micros += millis * 1_000;
    },
    advance: async (millis) => {
      const untilMicros = micros + millis * 1_000;
      await nextTurn();
      for (let timer = nextDue(untilMicros); timer !== undefined; timer = nextDue(untilMicros)) {
        timers.delete(timer);
        micros = Math.max(micros, timer.dueMicros);
        timer.fn();
        await nextTurn();
      }
      micros = untilMicros;
    },
  };
}
