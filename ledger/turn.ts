import type { Clock } from '../platform/clock.ts';
import type { Parameters } from '../protocol/parameters.ts';
import { type Calendar, epochAt, roundOf } from '../protocol/time.ts';

/**
 * The epoch whose report is due: the first after the last one on chain whose deadline has not passed. A later epoch waits
 * until this one has landed or expired, so that every report names its predecessor.
 * @param lastEpoch epoch of the last report on chain, -1 before the first
 * @returns undefined when the running epoch is the first candidate
 */
export function epochDue(
  clock: Clock,
  calendar: Calendar,
  parameters: Parameters,
  lastEpoch: number,
): number | undefined {
  const now = clock.now();
  const running = epochAt(calendar, now);
  for (let epoch = Math.max(lastEpoch + 1, running - parameters.deadlineEpochs - 1, 0); epoch < running; epoch++) {
    if (roundOf(calendar, parameters, epoch).deadline > now) return epoch;
  }
  return undefined;
}
