import type { Parameters } from '../protocol/parameters.ts';
import { type Calendar, epochAt, epochStart, roundOf } from '../protocol/time.ts';
import type { Clock, Timer } from './clock.ts';

/** Moments of an epoch's life at which a stage may act. `view` comes once for every view until the deadline. */
export type Moment = 'begin' | 'end' | 'reveal' | 'freeze' | 'view';

export type RoundHandler = (epoch: number, view: number) => void;

/** Calls stages at the moments of every epoch, by the clock alone: nothing that another node says can move them. */
export class Rounds {
  readonly #clock: Clock;
  readonly #calendar: Calendar;
  readonly #parameters: Parameters;
  readonly #handlers: { moment: Moment; handler: RoundHandler }[] = [];
  readonly #timers = new Set<Timer>();

  constructor(clock: Clock, calendar: Calendar, parameters: Parameters) {
    this.#clock = clock;
    this.#calendar = calendar;
    this.#parameters = parameters;
  }

  on(moment: Moment, handler: RoundHandler): void {
    this.#handlers.push({ moment, handler });
  }

  /** Starts with the next epoch that begins: an epoch that is half over cannot be measured. */
  start(): void {
    this.#schedule(Math.max(0, epochAt(this.#calendar, this.#clock.now()) + 1));
  }

  stop(): void {
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
  }

  #schedule(epoch: number): void {
    this.#at(epochStart(this.#calendar, epoch), () => {
      this.#schedule(epoch + 1);
      const round = roundOf(this.#calendar, this.#parameters, epoch);
      this.#fire('begin', epoch, 0);
      this.#at(epochStart(this.#calendar, epoch + 1), () => this.#fire('end', epoch, 0));
      this.#at(round.revealFrom, () => this.#fire('reveal', epoch, 0));
      this.#at(round.freeze, () => this.#fire('freeze', epoch, 0));
      this.#view(epoch, 0);
    });
  }

  #view(epoch: number, view: number): void {
    const round = roundOf(this.#calendar, this.#parameters, epoch);
    const at = round.views + view * this.#parameters.viewMillis;
    if (at >= round.deadline) return;
    this.#at(at, () => {
      this.#fire('view', epoch, view);
      this.#view(epoch, view + 1);
    });
  }

  #fire(moment: Moment, epoch: number, view: number): void {
    for (const one of this.#handlers) if (one.moment === moment) one.handler(epoch, view);
  }

  #at(unixMillis: number, fn: () => void): void {
    const timer = this.#clock.after(Math.max(0, unixMillis - this.#clock.now()), () => {
      this.#timers.delete(timer);
      fn();
    });
    this.#timers.add(timer);
  }
}
