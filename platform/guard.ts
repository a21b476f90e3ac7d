import { PlumblineError } from '../protocol/error.ts';
import { type Calendar, epochAt, epochStart } from '../protocol/time.ts';
import type { Clock } from './clock.ts';
import type { Log } from './log.ts';

export type GuardOptions = {
  readonly clock: Clock;
  readonly calendar: Calendar;
  /** Whether the journal has never held anything. */
  readonly isFresh: boolean;
  readonly log: Log;
};

const MICROS_PER_SECOND = 1_000_000;

/** Says when this process may sign: after listening for its own key elsewhere, and never again once it heard it. */
export class Guard {
  readonly #options: GuardOptions;
  /** Resolves when this key was heard from another process; then the program has to end. */
  readonly ended: Promise<PlumblineError>;
  #end: (error: PlumblineError) => void = () => {};
  #stopped: PlumblineError | undefined;
  #isClockOff = false;
  /** Unix milliseconds; nothing new is signed before `listen` was called. */
  #until = Number.POSITIVE_INFINITY;
  /** Monotonic time that has to be reached too: a wall clock that jumps ahead does not cut the listening short. */
  #untilMicros = Number.POSITIVE_INFINITY;

  constructor(options: GuardOptions) {
    this.#options = options;
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  /**
   * Call it once messages of others arrive. From then on the rest of the running epoch and the whole next one are listened
   * to. Only a journal that never held anything, while nobody can have signed anything for this oracle yet because no epoch
   * has ended, may sign at once: docs/decisions/0007-listen-first.md.
   */
  listen(): void {
    const { clock, calendar, isFresh, log } = this.#options;
    const running = epochAt(calendar, clock.now());
    const nobodyHasSigned = running <= 0;
    if (isFresh && nobodyHasSigned) {
      this.#until = Number.NEGATIVE_INFINITY;
      this.#untilMicros = Number.NEGATIVE_INFINITY;
      return;
    }
    this.#until = epochStart(calendar, running + 2);
    this.#untilMicros = clock.monotonicMicros() + calendar.epochSeconds * MICROS_PER_SECOND;
    log.info(
      { fromEpoch: running + 1 },
      'listening for this key elsewhere: nothing new is signed in this epoch and the next',
    );
  }

  /** False while nothing new would be signed. */
  maySign(): boolean {
    const { clock } = this.#options;
    return (
      !this.#stopped && !this.#isClockOff && clock.now() >= this.#until && clock.monotonicMicros() >= this.#untilMicros
    );
  }

  /** Asked before something new enters the journal. @throws PlumblineError `clock-off`, `listening` or `own-key-elsewhere` */
  checkNew(): void {
    this.checkAlone();
    if (this.maySign()) return;
    if (this.#isClockOff) {
      throw new PlumblineError(
        'clock-off',
        'the clock is proven wrong, or has just jumped: nothing new is signed; synchronise it',
      );
    }
    throw new PlumblineError(
      'listening',
      'this process was started a moment ago and listens for its key elsewhere: nothing new is signed yet',
    );
  }

  /** Asked before every signature, of what the journal holds too. @throws PlumblineError `own-key-elsewhere` */
  checkAlone(): void {
    if (this.#stopped) throw this.#stopped;
  }

  /** While the clock is proven wrong nothing new is signed. */
  setClockOff(isOff: boolean): void {
    this.#isClockOff = isOff;
  }

  /** Nothing is signed any more in this process. */
  stop(error: PlumblineError): void {
    this.#stopped ??= error;
    this.#end(this.#stopped);
  }
}
