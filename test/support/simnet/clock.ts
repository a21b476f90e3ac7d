import type { Clock, Timer } from '../../../platform/clock.ts';

/** What a timer answers that set nothing off: nothing has to run to its end then. */
export const IDLE = Symbol('idle');

type Due = { readonly at: number; readonly order: number; readonly fn: () => unknown };

/**
 * Time that only moves when a test moves it. Timers fire in order of their due time, and of their arming when that is
 * equal; after each, everything that it set off runs to its end before the next one.
 */
export class VirtualClock implements Clock {
  readonly #timers = new Map<number, Due>();
  /** The same in order of time, and those that were cancelled meanwhile. */
  readonly #heap: Due[] = [];
  readonly #start: number;
  #now: number;
  #order = 0;

  /** @param unixMillis where time starts */
  constructor(unixMillis: number) {
    this.#start = unixMillis;
    this.#now = unixMillis;
  }

  now(): number {
    return this.#now;
  }

  monotonicMicros(): number {
    return Math.round((this.#now - this.#start) * 1000);
  }

  after(millis: number, fn: () => unknown): Timer {
    const order = this.#order++;
    const due = { at: this.#now + Math.max(0, millis), order, fn };
    this.#timers.set(order, due);
    push(this.#heap, due);
    return { cancel: () => this.#timers.delete(order) };
  }

  /** Timers that wait; a stopped program leaves none. */
  get waiting(): number {
    return this.#timers.size;
  }

  /** Moves time to `unixMillis`, firing what falls due on the way. */
  async advanceTo(unixMillis: number): Promise<void> {
    await settle();
    for (let next = this.#next(); next && next.at <= unixMillis; next = this.#next()) {
      this.#timers.delete(next.order);
      this.#now = Math.max(this.#now, next.at);
      if (next.fn() !== IDLE) await settle();
    }
    this.#now = Math.max(this.#now, unixMillis);
  }

  async advance(millis: number): Promise<void> {
    await this.advanceTo(this.#now + millis);
  }

  /** The timer that is due first; cancelled ones are thrown away on the way. */
  #next(): Due | undefined {
    const heap = this.#heap;
    while (heap.length > 0 && !this.#timers.has(heap[0]!.order)) {
      const last = heap.pop()!;
      if (heap.length > 0) sink(heap, last);
    }
    return heap[0];
  }
}

function isBefore(a: Due, b: Due): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

/** Adds to a binary heap whose first is due first. */
function push(heap: Due[], due: Due): void {
  let i = heap.length;
  for (; i > 0; i = (i - 1) >> 1) {
    const parent = heap[(i - 1) >> 1]!;
    if (!isBefore(due, parent)) break;
    heap[i] = parent;
  }
  heap[i] = due;
}

/** Puts one in the place of the first. */
function sink(heap: Due[], due: Due): void {
  let i = 0;
  for (;;) {
    let child = 2 * i + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
    if (!isBefore(heap[child]!, due)) break;
    heap[i] = heap[child]!;
    i = child;
  }
  heap[i] = due;
}

/** Lets every promise that can go on without a timer go on. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/**
 * The clock of one machine: it can be wrong, it can sleep, and it can lose power. While asleep its timers and whatever
 * arrives wait; on waking they come late, in order.
 */
export class HostClock implements Clock {
  readonly #base: VirtualClock;
  #held: (() => void)[] = [];
  #asleep = false;
  #dead = false;
  /** How far this clock is ahead of the true one, ms. */
  offsetMillis = 0;

  constructor(base: VirtualClock) {
    this.#base = base;
  }

  now(): number {
    return this.#base.now() + this.offsetMillis;
  }

  monotonicMicros(): number {
    return this.#base.monotonicMicros();
  }

  after(millis: number, fn: () => void): Timer {
    let cancelled = false;
    const timer = this.#base.after(millis, () => this.run(() => !cancelled && fn()));
    return {
      cancel: () => {
        cancelled = true;
        timer.cancel();
      },
    };
  }

  /** Runs something that came from outside, as soon as this machine is awake. */
  run(fn: () => void): void {
    if (this.#dead) return;
    if (this.#asleep) this.#held.push(fn);
    else fn();
  }

  get dead(): boolean {
    return this.#dead;
  }

  sleep(): void {
    this.#asleep = true;
  }

  async wake(): Promise<void> {
    this.#asleep = false;
    const held = this.#held;
    this.#held = [];
    for (const fn of held) {
      this.run(fn);
      await settle();
    }
  }

  kill(): void {
    this.#dead = true;
    this.#held = [];
  }
}
