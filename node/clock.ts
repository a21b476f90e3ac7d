import type { Chain, OracleFacts } from '../platform/chain/chain.ts';
import type { Clock } from '../platform/clock.ts';
import type { Guard } from '../platform/guard.ts';
import type { Log } from '../platform/log.ts';
import type { Reference } from '../platform/reference.ts';
import { ABSENT_MICROS } from '../protocol/sample.ts';
import { epochAt, roundOf } from '../protocol/time.ts';

/** Blocks are stamped in whole seconds. */
export const GRANULARITY_MILLIS = 1_000;

/** Two readings of a clock are nanoseconds apart; a millisecond between them is another process's turn. */
export const READING_MICROS_MAX = 1_000;
/** Readings until one is taken as it is: on a machine where each is interrupted nothing is precise. */
export const READINGS_MAX = 5;

export type ClockDeps = {
  readonly facts: OracleFacts;
  readonly chain: Pick<Chain, 'newestTimestamp'>;
  readonly clock: Clock;
  readonly guard: Pick<Guard, 'setClockOff'>;
  readonly log: Log;
  /** NTP servers; undefined or without a majority, the chain's newest block is what is left. */
  readonly reference?: Reference | undefined;
};

/**
 * Is our clock right to half of Δ? By NTP servers while a majority of them agrees. Else by the newest block: one that is
 * stamped later than now proves our clock to be behind, by that much at least, while a clock that is ahead looks the same as a
 * block that is late. And whoever tells the time: a wall clock that parts from the monotonic one has jumped, and
 * what was measured around that moment is not signed.
 */
export function clockStage({ facts, chain, clock, guard, log, reference }: ClockDeps) {
  const { calendar, parameters } = facts;
  const errorMillisMax = parameters.deltaMillis / 2;
  /** From a moment of an epoch until nobody takes a commit of that epoch any more. */
  const untilRevealMillis = (unixMillis: number): number =>
    roundOf(calendar, parameters, epochAt(calendar, unixMillis)).revealFrom - unixMillis;
  /** Both clocks at one moment: a process that was put aside between the two readings reads them again. */
  const wallAhead = (): number => {
    for (let i = 1; ; i++) {
      const before = clock.monotonicMicros();
      const wallMillis = clock.now();
      const after = clock.monotonicMicros();
      if (after - before <= READING_MICROS_MAX || i === READINGS_MAX) return wallMillis - (before + after) / 2 / 1000;
    }
  };
  let behindMillis: number | undefined;
  let ahead = wallAhead();
  let jump = { millis: 0, untilMicros: Number.NEGATIVE_INFINITY };
  let isOff = false;

  const look = (): void => {
    const [before, micros] = [ahead, clock.monotonicMicros()];
    ahead = wallAhead();
    if (Math.abs(ahead - before) > errorMillisMax) {
      const millis = ahead - before;
      const now = clock.now();
      // The epoch in which it jumped, by the clock before and by the clock after: neither is signed.
      const holdMillis = Math.max(untilRevealMillis(now), untilRevealMillis(now - millis));
      jump = { millis, untilMicros: Math.max(jump.untilMicros, micros + holdMillis * 1000) };
    }
    const known = reference?.offset();
    const isJump = micros < jump.untilMicros;
    const isWrong = known
      ? Math.abs(known.offsetMillis) - known.radiusMillis > errorMillisMax
      : (behindMillis ?? 0) > errorMillisMax + GRANULARITY_MILLIS;
    const wasOff = isOff;
    isOff = isWrong || isJump;
    guard.setClockOff(isOff);
    if (!isOff || wasOff) return;
    const fields = known ?? { behindMillis };
    const jumped = isJump ? { jumpMillis: Math.round(jump.millis) } : {};
    log.warn({ ...fields, ...jumped, errorMillisMax }, 'clock-off: nothing is signed until the clock is right');
  };

  const askChain = async (): Promise<void> => {
    const blockMillis = 1000 * (await chain.newestTimestamp());
    // Read after the answer: what the answer took on its way is not held against our clock.
    behindMillis = Math.max(0, blockMillis - clock.now());
  };

  return {
    /** Asks those who know the time, then looks. Never rejects: when the chain does not answer, nothing new is known. */
    check: async (): Promise<void> => {
      look();
      const ask = askChain().catch(() => {
        behindMillis = undefined;
      });
      await Promise.all([ask, reference?.refresh()]);
      look();
    },
    /** Compares with what is known already; before anything is signed. */
    look,
    /** |our clock − reference| for the batch, or by how much it is behind the chain at least; ABSENT_MICROS when nobody said. */
    errorMicros: (): number => {
      const known = reference?.offset();
      const millis = known ? Math.abs(known.offsetMillis) : behindMillis;
      return millis === undefined ? ABSENT_MICROS : Math.min(ABSENT_MICROS - 1, Math.round(millis * 1000));
    },
  };
}
