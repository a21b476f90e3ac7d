/**
 * Time behind one small interface, so that the same node runs in production and in a simulator.
 * Wall time orders the network's rounds; monotonic time measures latency and never jumps.
 */
export interface Clock {
  /** Unix time in milliseconds; may be fractional, may jump when the operating system corrects its clock. */
  now(): number;
  /** Microseconds since an arbitrary start; a whole number, never runs backwards. */
  monotonicMicros(): number;
  /** Calls `fn` once, `millis` from now at the earliest (never early); a negative or fractional delay is allowed. */
  after(millis: number, fn: () => void): Timer;
}

export interface Timer {
  /** Idempotent; after it the function is not called. */
  cancel(): void;
}

/** Node's setTimeout turns anything longer into 1 ms, so longer delays are waited for in pieces of this size. */
export const TIMER_MILLIS_MAX = 2 ** 31 - 1;

const MICROS_PER_MILLI = 1_000;

export function systemClock(): Clock {
  return { now: () => Date.now(), monotonicMicros, after };
}

function monotonicMicros(): number {
  return Math.floor(performance.now() * MICROS_PER_MILLI);
}

function after(millis: number, fn: () => void): Timer {
  const dueMicros = monotonicMicros() + Math.ceil(Math.max(0, millis) * MICROS_PER_MILLI);
  let handle: NodeJS.Timeout;
  const arm = () => {
    const remainingMillis = Math.max(0, Math.ceil((dueMicros - monotonicMicros()) / MICROS_PER_MILLI));
    handle = setTimeout(fire, Math.min(remainingMillis, TIMER_MILLIS_MAX));
  };
  // libuv counts in whole milliseconds of a cached loop time and so may fire just before the due time.
  const fire = () => (monotonicMicros() < dueMicros ? arm() : fn());
  arm();
  return { cancel: () => clearTimeout(handle) };
}
