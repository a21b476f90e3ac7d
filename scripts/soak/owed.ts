import type { Parameters } from '../../protocol/parameters.ts';
import { type Calendar, epochAt, epochStart, roundOf } from '../../protocol/time.ts';
import type { Interval } from './lives.ts';

/** A report as it was seen on chain. */
export type Landing = {
  readonly epoch: number;
  readonly view: number;
  readonly signers: readonly number[];
  readonly at: number;
};

export type Owed = {
  /** Times with one quorum, long enough that a report was owed. */
  readonly times: number;
  /** Longest wait for a report within them. Milliseconds. */
  readonly longestMillis: number;
  /** Epochs that a quorum saw from their beginning to their report's deadline, and how many of them have a report. */
  readonly epochsSeen: number;
  readonly epochsLanded: number;
  readonly faults: readonly string[];
};

/**
 * A quorum owes a report within this time. Reports of epochs that it has not seen from the beginning may be beyond it,
 * and they stand in the way until they expire; the next epoch's then has an epoch's length of views, in which at least one
 * leader of the quorum has its turn.
 */
export function owedMillis({ epochSeconds }: Calendar, { deadlineEpochs }: Parameters): number {
  return (deadlineEpochs + 1) * epochSeconds * 1000;
}

/** Demands a report of every quorum that was there for long enough, again and again while it lasts. */
export function checkOwed(
  calendar: Calendar,
  parameters: Parameters,
  quorums: readonly Interval[],
  landings: readonly Landing[],
): Owed {
  const withinMillis = owedMillis(calendar, parameters);
  const long = quorums.filter(({ from, to }) => to - from >= withinMillis);
  const faults: string[] = [];
  let longestMillis = 0;
  for (const { from, to } of long) {
    const moments = landings.map(({ at }) => at).filter((at) => at > from && at < to);
    let since = from;
    for (const at of [...moments.sort((a, b) => a - b), to]) {
      longestMillis = Math.max(longestMillis, at - since);
      if (at - since > withinMillis) faults.push(missing(calendar, since, at, withinMillis));
      since = at;
    }
  }
  const epochs = epochsSeen(calendar, parameters, quorums);
  const landed = new Set(landings.map(({ epoch }) => epoch));
  return {
    times: long.length,
    longestMillis: Math.round(longestMillis),
    epochsSeen: epochs.length,
    epochsLanded: epochs.filter((epoch) => landed.has(epoch)).length,
    faults,
  };
}

function missing(calendar: Calendar, since: number, at: number, withinMillis: number): string {
  const epochs = `from epoch ${epochAt(calendar, since)} to epoch ${epochAt(calendar, at)}`;
  return `a quorum was up and settled ${epochs}, and no report landed for ${Math.round(at - since)} ms (owed within ${withinMillis} ms)`;
}

/** Epochs from whose beginning to whose deadline one quorum was up and settled. */
function epochsSeen(calendar: Calendar, parameters: Parameters, quorums: readonly Interval[]): number[] {
  const seen = new Set<number>();
  for (const { from, to } of quorums) {
    for (
      let epoch = Math.max(0, epochAt(calendar, from));
      roundOf(calendar, parameters, epoch).deadline <= to;
      epoch++
    ) {
      if (epochStart(calendar, epoch) >= from) seen.add(epoch);
    }
  }
  return [...seen];
}
