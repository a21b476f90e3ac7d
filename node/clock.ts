import type { Chain, OracleFacts } from '../platform/chain/chain.ts';
import type { Clock } from '../platform/clock.ts';
import type { Guard } from '../platform/guard.ts';
import type { Log } from '../platform/log.ts';
import { ABSENT_MICROS } from '../protocol/sample.ts';

/** Blocks are stamped in whole seconds. */
export const GRANULARITY_MILLIS = 1_000;

export type ClockDeps = {
  readonly facts: OracleFacts;
  readonly chain: Pick<Chain, 'newestTimestamp'>;
  readonly clock: Clock;
  readonly guard: Pick<Guard, 'setClockOff'>;
  readonly log: Log;
};

/**
 * Compares our clock with the newest block. A block that is stamped later than now proves our clock to be behind, by that
 * much at least; a clock that is ahead looks the same as a block that is late, so nothing is proven about it.
 */
export function clockStage({ facts, chain, clock, guard, log }: ClockDeps) {
  const behindMillisMax = facts.parameters.deltaMillis / 2 + GRANULARITY_MILLIS;
  let errorMicros = ABSENT_MICROS;
  let isOff = false;

  const check = async (): Promise<void> => {
    const blockMillis = 1000 * (await chain.newestTimestamp());
    // Read after the answer: what the answer took on its way is not held against our clock.
    const behindMillis = Math.max(0, blockMillis - clock.now());
    errorMicros = Math.min(ABSENT_MICROS - 1, Math.round(behindMillis * 1000));
    const wasOff = isOff;
    isOff = behindMillis > behindMillisMax;
    guard.setClockOff(isOff);
    if (isOff && !wasOff)
      log.warn({ behindMillis, behindMillisMax }, 'clock-off: nothing is signed until the clock is right');
  };

  return {
    /** Never rejects: when the chain does not answer, nothing new is known. */
    check: (): Promise<void> =>
      check().catch(() => {
        errorMicros = ABSENT_MICROS;
      }),
    /** How far our clock is behind at least, for the batch; ABSENT_MICROS when the chain did not say. */
    errorMicros: (): number => errorMicros,
  };
}
