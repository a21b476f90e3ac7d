import type { Clock, Timer } from '../platform/clock.ts';

/** Timers by name, one of a name at a time; none fires after `stop`. */
export class Timers {
  readonly #clock: Clock;
  readonly #timers = new Map<string, Timer>();
  #stopped = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Replaces the timer of that name. */
  later(name: string, millis: number, fn: () => void): void {
    this.#timers.get(name)?.cancel();
    if (this.#stopped) return;
    const fire = (): void => {
      this.#timers.delete(name);
      fn();
    };
    this.#timers.set(name, this.#clock.after(millis, fire));
  }

  stop(): void {
    this.#stopped = true;
    for (const timer of this.#timers.values()) timer.cancel();
    this.#timers.clear();
  }
}
