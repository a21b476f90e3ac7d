import { toHex } from '../protocol/bytes.ts';
import { INFINITE_MICROS } from '../protocol/histogram.ts';
import { type ExplainedService, type Explanation, medianMicros, type Sight } from './explain.ts';
import { align, printable } from './table.ts';

const HEAD = ['operator', 'seat', 'signed', 'counts', 'good', 'bad', 'unknown', 'fault', 'stalled', 'median'];
/** Reasons that a line names; the JSON has all. */
const REASONS_SHOWN = 4;

/** A table for each service, then for each watcher what was not `ok`, and why its word is not taken. */
export function renderExplanation({ epoch, reportHash, view, setId, services }: Explanation): string[] {
  return [
    `epoch ${epoch}: report ${reportHash} of view ${view}, watcher set ${setId}`,
    ...services.flatMap((one) => ['', ...renderService(one)]),
  ];
}

function renderService({ service, sights, conclusive }: ExplainedService): string[] {
  const valid = sights.filter(({ notValid }) => notValid === undefined).length;
  const share = conclusive ? 'more than half of the stake' : 'half of the stake or less, so it is inconclusive';
  return [
    `service ${toHex(service.id)}  ${printable(service.url)}`,
    ...align([HEAD, ...sights.map(row)]),
    ...sights.flatMap(notes),
    `  valid in the epoch's own leaf: ${valid} of ${sights.length} watchers with ${share}. Longer windows add epochs up.`,
  ];
}

function row(sight: Sight): string[] {
  const { seat, operator, signed, counted, statistics } = sight;
  const samples = statistics?.samples;
  const counts = samples
    ? [samples.good, samples.bad, samples.unknown, samples.fault, samples.stalled].map(String)
    : new Array<string>(5).fill('-');
  const median = statistics && medianMicros(statistics);
  return [
    printable(operator),
    String(seat),
    signed ? 'yes' : 'no',
    counted ? 'yes' : 'no',
    ...counts,
    median === undefined ? '-' : median >= INFINITE_MICROS ? 'infinite' : `${(median / 1_000).toFixed(1)} ms`,
  ];
}

function notes({ seat, reasons, notValid, stalls, worstStallMicros }: Sight): string[] {
  const odd = reasons.filter(({ reason }) => reason !== 'ok');
  const shown = odd.slice(0, REASONS_SHOWN).map(({ reason, count }) => `${count} ${reason}`);
  if (odd.length > REASONS_SHOWN) shown.push(`${odd.length - REASONS_SHOWN} other reasons`);
  if (stalls > 0) {
    shown.push(`its event loop stood still in ${stalls}, for up to ${(worstStallMicros / 1_000).toFixed(1)} ms`);
  }
  const why = notValid === undefined ? [] : [`not valid: ${notValid}`];
  const all = [...why, ...shown];
  return all.length === 0 ? [] : [`  seat ${seat}: ${all.join('; ')}`];
}

export function explanationJson({ services, ...rest }: Explanation): object {
  return {
    ...rest,
    services: services.map(({ service, sights, conclusive }) => ({
      id: toHex(service.id),
      url: service.url,
      conclusive,
      watchers: sights.map(({ statistics, ...sight }) => ({
        ...sight,
        notValid: sight.notValid ?? null,
        samples: statistics?.samples ?? null,
        medianMicros: (statistics && medianMicros(statistics)) ?? null,
      })),
    })),
  };
}
