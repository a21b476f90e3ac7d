import type { Parameters } from '../../protocol/parameters.ts';
import { type Calendar, epochStart } from '../../protocol/time.ts';
import { type Landing, owedMillis } from './owed.ts';

/** A cut as it was carried out. Unix milliseconds. */
export type Episode = {
  readonly name: string;
  readonly hasQuorum: boolean;
  /** Seats that cannot have signed for an epoch that ended in it. */
  readonly silenced: readonly number[];
  readonly cutAt: number;
  readonly healedAt: number;
};

export type EpisodeResult = {
  readonly name: string;
  readonly hasQuorum: boolean;
  readonly seconds: number;
  /** Reports that landed while it lasted. */
  readonly reports: number;
  /** Longest wait for one. Milliseconds. */
  readonly longestMillis: number;
  /** From the healing to the next report, and to the next that everybody signed. Milliseconds; undefined: none came. */
  readonly healMillis: number | undefined;
  readonly wholeMillis: number | undefined;
};

/** After a healing a report lands within this time. Connections that were cut find out by time-outs of ten seconds. */
export const HEAL_MILLIS_MAX = 40_000;
/** And within this one everybody signs again: what was lost is sent again after waits that have doubled meanwhile. */
export const WHOLE_MILLIS_MAX = 120_000;

/** What reports say about one cut: none without a quorum, one after another with it, and soon one after the healing. */
export function judgeEpisode(
  calendar: Calendar,
  parameters: Parameters,
  watchers: number,
  episode: Episode,
  landings: readonly Landing[],
): { readonly result: EpisodeResult; readonly faults: readonly string[] } {
  const { name, hasQuorum, cutAt, healedAt } = episode;
  const during = landings.filter(({ at }) => at > cutAt && at <= healedAt);
  const after = landings.filter(({ at }) => at > healedAt);
  const moments = [cutAt, ...during.map(({ at }) => at), healedAt];
  const longestMillis = Math.max(...moments.slice(1).map((at, i) => at - moments[i]!));
  const whole = after.find(({ signers }) => signers.length === watchers);
  const healMillis = after[0] && after[0].at - healedAt;
  const faults: string[] = [];
  const within = owedMillis(calendar, parameters);
  // What was attested before the cut may land in it: only an epoch that ended in it says something.
  const own = during.filter(({ epoch }) => epochStart(calendar, epoch + 1) > cutAt);
  if (!hasQuorum) {
    for (const { epoch } of own) faults.push(`${name}: no side has a quorum, and the report of epoch ${epoch} landed`);
  } else if (longestMillis > within) {
    faults.push(
      `${name}: a side has a quorum, and no report landed for ${longestMillis} ms (owed within ${within} ms)`,
    );
  }
  for (const { epoch, signers } of own) {
    const odd = signers.filter((seat) => episode.silenced.includes(seat));
    if (odd.length > 0) faults.push(`${name}: the report of epoch ${epoch} has signers from the other side: ${odd}`);
  }
  if (healMillis === undefined || healMillis > HEAL_MILLIS_MAX) {
    const what = healMillis === undefined ? 'no report landed' : `the next report took ${healMillis} ms`;
    faults.push(`${name}: healed, and ${what} (owed within ${HEAL_MILLIS_MAX} ms)`);
  }
  const wholeMillis = whole && whole.at - healedAt;
  if (wholeMillis === undefined) faults.push(`${name}: healed, and not everybody signs again`);
  const seconds = Math.round((healedAt - cutAt) / 1000);
  return {
    result: { name, hasQuorum, seconds, reports: during.length, longestMillis, healMillis, wholeMillis },
    faults,
  };
}
