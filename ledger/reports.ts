import type { LandedReport } from '../protocol/certificate.ts';
import { appendHistory, EMPTY_HISTORY, type History } from '../protocol/history.ts';

/**
 * Reports on chain that are held in full: what a chain can take back is among them, short of a reorganisation so deep that
 * everything is read again. Up to twice as many for a while. A standard network lands one a minute: four hours.
 */
export const REPORTS_HELD_MIN = 256;

/** Every report on chain in order: the newest in full, and of all before them what a history root needs. */
export type ReportsOnChain = {
  /** Over the reports before `recent`. */
  readonly before: History;
  /** Oldest first; empty only when there is none at all. */
  readonly recent: readonly LandedReport[];
};

export const NO_REPORTS: ReportsOnChain = { before: EMPTY_HISTORY, recent: [] };

/** Appends a report; when twice as many as needed are held, the older half is folded into the history. */
export function appendReport({ before, recent }: ReportsOnChain, landed: LandedReport): ReportsOnChain {
  const all = [...recent, landed];
  if (all.length < 2 * REPORTS_HELD_MIN) return { before, recent: all };
  return { before: foldedInto(before, all.slice(0, -REPORTS_HELD_MIN)), recent: all.slice(-REPORTS_HELD_MIN) };
}

/** The history over all reports but the newest: what that one's historyRoot is of. */
export function historyBeforeNewest({ before, recent }: ReportsOnChain): History {
  return foldedInto(before, recent.slice(0, -1));
}

function foldedInto(history: History, reports: readonly LandedReport[]): History {
  return reports.reduce((sum, { reportHash }) => appendHistory(sum, reportHash), history);
}

/** The reports in blocks before `from`; none when those that are held do not reach back so far: then read all again. */
export function reportsBefore({ before, recent }: ReportsOnChain, from: number): ReportsOnChain {
  const kept = recent.filter(({ blockNumber }) => blockNumber < from);
  return kept.length > 0 ? { before, recent: kept } : NO_REPORTS;
}
