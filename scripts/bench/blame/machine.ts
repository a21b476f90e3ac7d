import type { Clock, Timer } from '../../../platform/clock.ts';
import { IDLE, type VirtualClock } from '../../../test/support/simnet/clock.ts';
import { type Draw, exponential } from './episodes.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
/** Stalls of a busy machine: short ones every few minutes, and every hour or two one that outlasts any time-out. */
const STALLS = [
  { everyMillis: 3 * MINUTE, fromMillis: 20, toMillis: 400 },
  { everyMillis: 90 * MINUTE, fromMillis: 2 * SECOND, toMillis: 20 * SECOND },
] as const;
/** Somebody sets the clock wrong every few hours, and right again after some minutes. */
const JUMPS = { everyMillis: 6 * 60 * MINUTE, toMillis: 30 * SECOND, wrongMillis: 5 * MINUTE } as const;

/** One watcher's machine in virtual time: its event loop can stand still, and its wall clock can jump. */
export class Machine implements Clock {
  readonly #base: VirtualClock;
  #offsetMillis = 0;
  #standstills = 0;
  /** Node runs the timers that are due before it reads what arrived. */
  #timers: (() => void)[] = [];
  #arrivals: (() => void)[] = [];
  stalls = 0;
  jumps = 0;

  constructor(base: VirtualClock) {
    this.#base = base;
  }

  now(): number {
    return Math.floor(this.#base.now() + this.#offsetMillis);
  }

  monotonicMicros(): number {
    return this.#base.monotonicMicros();
  }

  after(millis: number, fn: () => void): Timer {
    return this.#later(millis, fn, undefined);
  }

  /** The same clock for timers that set off no promise; what that saves is most of the simulation's time. */
  quiet(): Clock {
    return {
      now: () => this.now(),
      monotonicMicros: () => this.monotonicMicros(),
      after: (millis, fn) => this.#later(millis, fn, IDLE),
    };
  }

  /** Something from outside that arrives then; it waits while the event loop stands still. */
  arrive(millis: number, fn: () => void): void {
    this.#base.after(millis, () => {
      if (this.#standstills > 0) this.#arrivals.push(fn);
      else fn();
    });
  }

  #later(millis: number, fn: () => void, answer: symbol | undefined): Timer {
    let cancelled = false;
    const run = () => {
      if (!cancelled) fn();
    };
    const timer = this.#base.after(millis, () => {
      if (this.#standstills > 0) this.#timers.push(run);
      else run();
      return answer;
    });
    return {
      cancel: () => {
        cancelled = true;
        timer.cancel();
      },
    };
  }

  #stall(millis: number): void {
    this.stalls += 1;
    this.#standstills += 1;
    this.#base.after(millis, () => {
      this.#standstills -= 1;
      if (this.#standstills > 0) return;
      const held = [...this.#timers, ...this.#arrivals];
      this.#timers = [];
      this.#arrivals = [];
      for (const fn of held) this.#base.after(0, fn);
    });
  }

  #jump(millis: number): void {
    this.jumps += 1;
    this.#offsetMillis += millis;
  }

  /** From now on it stalls and jumps. */
  misbehave(draw: Draw): void {
    for (const { everyMillis, fromMillis, toMillis } of STALLS) {
      const again = () => {
        this.#base.after(exponential(everyMillis, draw), () => {
          this.#stall(fromMillis + draw() * (toMillis - fromMillis));
          again();
        });
      };
      again();
    }
    const again = () => {
      this.#base.after(exponential(JUMPS.everyMillis, draw), () => {
        const millis = (2 * draw() - 1) * JUMPS.toMillis;
        this.#jump(millis);
        this.#base.after(draw() * JUMPS.wrongMillis, () => this.#jump(-millis));
        again();
      });
    };
    again();
  }
}
