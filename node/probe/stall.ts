import type { Clock, Timer } from '../../platform/clock.ts';

/**
 * How often the loop is asked whether it still turns; a stall is seen at least to this precision. A thread that slept for less also wakes
 * sooner: at 50 probes a second p99 of the prober's error was 0.12 to 0.21 ms with 1, and 0.18 to 0.34 ms with 10, for 2 to 3 % of a core.
 */
export const STALL_TICK_MILLIS = 1;
/**
 * A lag below this is no stall: timers count in whole milliseconds, and most pauses of the garbage collector are shorter. The worst lag of a
 * probe's time is taken off its latency wherever it fell, so without a slack every latency would get a millisecond or two of benefit of the doubt.
 */
export const STALL_SLACK_MICROS = 5_000;

export interface StallWatch {
  /** The worst lag of the event loop since the watch began, in microseconds; 0 when it never stalled. */
  worstMicros(): number;
  /** All stalls since the watch began together, in microseconds. */
  totalMicros(): number;
  /** Idempotent. */
  stop(): void;
}

/** Measures how long the event loop stands still, only while somebody watches. */
export interface StallMeter {
  watch(): StallWatch;
}

type State = { sinceMicros: number; worstMicros: number; totalMicros: number };

/** A meter by timer lag: a tick that comes late was kept from running, and so was every callback of a probe. */
export function createStallMeter(clock: Clock, tickMillis = STALL_TICK_MILLIS): StallMeter {
  const watching = new Set<State>();
  let timer: Timer | undefined;
  let dueMicros = 0;

  const arm = () => {
    dueMicros = clock.monotonicMicros() + tickMillis * 1_000;
    timer = clock.after(tickMillis, tick);
  };
  const tick = () => {
    const now = clock.monotonicMicros();
    for (const state of watching) {
      state.totalMicros += lagOf(state, now);
      observe(state, now);
    }
    if (watching.size > 0) arm();
    else timer = undefined;
  };
  // A stall that began before the watch did counts only from the watch's beginning.
  const lagOf = (state: State, now: number): number => {
    const lag = Math.min(now - dueMicros, now - state.sinceMicros);
    return lag > STALL_SLACK_MICROS ? lag : 0;
  };
  const observe = (state: State, now: number) => {
    state.worstMicros = Math.max(state.worstMicros, lagOf(state, now));
  };

  const watch = (): StallWatch => {
    const state: State = { sinceMicros: clock.monotonicMicros(), worstMicros: 0, totalMicros: 0 };
    watching.add(state);
    if (timer === undefined) arm();
    return {
      worstMicros: () => {
        // A callback may run after a stall and before the overdue tick: count the lag so far as well.
        if (watching.has(state)) observe(state, clock.monotonicMicros());
        return state.worstMicros;
      },
      totalMicros: () => state.totalMicros + (watching.has(state) ? lagOf(state, clock.monotonicMicros()) : 0),
      stop: () => {
        watching.delete(state);
        if (watching.size > 0) return;
        timer?.cancel();
        timer = undefined;
      },
    };
  };
  return { watch };
}
