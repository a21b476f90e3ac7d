import type { Parameters } from '../protocol/parameters.ts';
import { type Calendar, epochAt, epochStart, roundOf, viewAt } from '../protocol/time.ts';
import type { Clock, Timer } from './clock.ts';

/**
 * Moments of an epoch's life at which a stage may act. An epoch that began also ends, reveals and freezes, if late. `view`
 * comes for every view until the deadline; one that passed while the process slept is left out.
 */
export type Moment = 'begin' | 'end' | 'reveal' | 'freeze' | 'view';

export type RoundHandler = (epoch: number, view: number) => void;

/** Calls stages at the moments of every epoch, by the clock alone: nothing that another node says can move them. */
export class Rounds {
  readonly #clock: Clock;
  readonly #calendar: Calendar;
  readonly #parameters: Parameters;
  readonly #handlers: { moment: Moment; handler: RoundHandler }[] = [];
  readonly #timers = new Set<Timer>();
  /** Epochs whose next view waits for its time. */
  readonly #viewing = new Set<number>();
  #stopped = false;

  constructor(clock: Clock, calendar: Calendar, parameters: Parameters) {
    this.#clock = clock;
    this.#calendar = calendar;
    this.#parameters = parameters;
  }

  on(moment: Moment, handler: RoundHandler): void {
    this.#handlers.push({ moment, handler });
  }

  /**
   * Takes up the views of epochs that can still get a report, and begins with the next epoch: one that is half over
   * cannot be measured.
   */
  start(): void {
    const running = epochAt(this.#calendar, this.#clock.now());
    for (let epoch = Math.max(0, running - this.#parameters.deadlineEpochs); epoch <= running; epoch++) {
      this.#view(epoch);
    }
    this.#schedule(Math.max(0, running + 1));
  }

  stop(): void {
    this.#stopped = true;
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
  }

  #schedule(epoch: number): void {
    this.#at(epochStart(this.#calendar, epoch), () => {
      // The process was suspended for longer than the epoch: its measurement is lost, and so are those in between.
      if (epochAt(this.#calendar, this.#clock.now()) > epoch) return this.start();
      const round = roundOf(this.#calendar, this.#parameters, epoch);
      this.#at(epochStart(this.#calendar, epoch + 1), () => this.#fire('end', epoch, 0));
      this.#at(round.revealFrom, () => this.#fire('reveal', epoch, 0));
      this.#at(round.freeze, () => this.#fire('freeze', epoch, 0));
      this.#view(epoch);
      this.#schedule(epoch + 1);
      this.#fire('begin', epoch, 0);
    });
  }

  /** Waits for the next view of an epoch, if there is one and it is not waited for already. */
  #view(epoch: number): void {
    if (this.#viewing.has(epoch)) return;
    const round = roundOf(this.#calendar, this.#parameters, epoch);
    const now = () => viewAt(round, this.#parameters, this.#clock.now());
    const at = round.views + (now() + 1) * this.#parameters.viewMillis;
    if (at >= round.deadline) return;
    this.#viewing.add(epoch);
    this.#at(at, () => {
      this.#viewing.delete(epoch);
      this.#view(epoch);
      if (this.#clock.now() < round.deadline) this.#fire('view', epoch, now());
    });
  }

  #fire(moment: Moment, epoch: number, view: number): void {
    for (const one of this.#handlers) if (one.moment === moment) one.handler(epoch, view);
  }

  #at(unixMillis: number, fn: () => void): void {
    if (this.#stopped) return;
    const timer = this.#clock.after(Math.max(0, unixMillis - this.#clock.now()), () => {
      this.#timers.delete(timer);
      // A clock that was set back meanwhile has the moment still before it.
      if (this.#clock.now() < unixMillis) this.#at(unixMillis, fn);
      else fn();
    });
    this.#timers.add(timer);
  }
}
