import type { Parameters } from './parameters.ts';

/** The two immutable numbers of the oracle contract that turn time into epochs. */
export type Calendar = { readonly genesis: number /* unix s */; readonly epochSeconds: number };

export function epochAt(calendar: Calendar, unixMillis: number): number {
  return Math.floor((unixMillis - calendar.genesis * 1000) / (calendar.epochSeconds * 1000));
}

/** Unix milliseconds at which epoch e begins; the end of e is the start of e + 1. */
export function epochStart(calendar: Calendar, epoch: number): number {
  return (calendar.genesis + epoch * calendar.epochSeconds) * 1000;
}

/** The moments of the round of one epoch, in unix milliseconds. */
export type Round = {
  /** Commits heard until here must be included. */
  readonly commitBy: number;
  /** A proposer includes commits that it heard until here (commitBy + Δ). */
  readonly commitGrace: number;
  /** Reveals leave from here on (commitBy + 2Δ); a commit first heard later may copy what was revealed. */
  readonly revealFrom: number;
  /** Each attester freezes what it holds. */
  readonly freeze: number;
  /** View 0 starts here; view v starts v · viewMillis later. */
  readonly views: number;
  /** After this the report can no longer land. */
  readonly deadline: number;
};

export function roundOf(calendar: Calendar, parameters: Parameters, epoch: number): Round {
  const end = epochStart(calendar, epoch + 1);
  const commitBy = end + parameters.commitMillis;
  const freeze = end + parameters.revealMillis;
  return {
    commitBy,
    commitGrace: commitBy + parameters.deltaMillis,
    revealFrom: commitBy + 2 * parameters.deltaMillis,
    freeze,
    views: freeze + parameters.deltaMillis,
    deadline: end + parameters.deadlineEpochs * calendar.epochSeconds * 1000,
  };
}

/** The view that the clock shows, or -1 before the first. */
export function viewAt(round: Round, parameters: Parameters, unixMillis: number): number {
  return unixMillis < round.views ? -1 : Math.floor((unixMillis - round.views) / parameters.viewMillis);
}
