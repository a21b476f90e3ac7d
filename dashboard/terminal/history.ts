import type { ReportRow, SettlementRow, WatcherState } from '../model.ts';
import { grouped, seconds, shortHash } from './format.ts';
import type { ReportEntry, Row } from './state.ts';
import { serviceTable } from './table.ts';
import { bullet, clip, fitSpans, type Paint, type Span, type Style } from './text.ts';

/** Samples of one watcher below which a p99 has no bounds. */
export const P99_SAMPLES_MIN = 299;
/** Narrower, a transaction's hash would break the lines of settlements. */
export const TRACE_COLUMNS_MIN = 115;

/** One entry of the history as lines of at most `columns`. */
export function historyLines(row: Row, columns: number, paint: Paint): string[] {
  switch (row.kind) {
    case 'step':
      return bullet(['✓', 'green'], stepText(row.text, row.elapsedMillis), columns, paint);
    case 'ready':
      return [
        '',
        ...bullet(['●', 'green'], `running after ${seconds(row.elapsedMillis)}`, columns, paint, 'bold'),
        ...bullet([' '], `chain (JSON-RPC)  ${row.rpc}`, columns, paint, 'dim'),
        ...bullet([' '], `files and logs    ${row.directory}`, columns, paint, 'dim'),
      ];
    case 'report':
      return reportLines(row, columns, paint);
    case 'missed':
      return ['', ...bullet(['✗', 'yellow'], missedText(row.epoch, row.reason), columns, paint, 'yellow')];
    case 'settlement': {
      const [symbol, style] = SETTLEMENT_LOOK.get(row.settlement.outcome) ?? UNKNOWN_LOOK;
      const text = settlementText(row.settlement);
      const trace = columns < TRACE_COLUMNS_MIN ? '' : ` · ${shortHash(row.settlement.txHash, 12)}`;
      return bullet([symbol, style], text + trace, columns, paint, style);
    }
    case 'watcher': {
      const symbol = WATCHER_LOOK[row.state];
      return bullet(symbol, watcherText(row.id, row.state), columns, paint, symbol[1]);
    }
    case 'provider':
      return bullet(['▸', 'cyan'], `provider ${row.name}: ${row.text}`, columns, paint);
    case 'note':
      return bullet(['▸', 'cyan'], row.text, columns, paint);
    case 'stopping':
      return ['', ...bullet(['■', 'dim'], `stopping: ${row.text}`, columns, paint)];
  }
}

export const WATCHER_LOOK: Readonly<Record<WatcherState, readonly [symbol: string, style: Style]>> = {
  starting: ['○', 'dim'],
  up: ['●', 'green'],
  lying: ['◆', 'magenta'],
  killed: ['✗', 'red'],
};

/** A map and no object: an outcome comes from elsewhere, and may be called `toString`. */
const SETTLEMENT_LOOK: ReadonlyMap<string, readonly [symbol: string, style: Style]> = new Map([
  ['met', ['✓', 'green']],
  ['credited', ['◐', 'yellow']],
  ['breached', ['✗', 'red']],
  ['inconclusive', ['○', 'yellow']],
  ['expired', ['○', 'yellow']],
  ['abandoned', ['○', 'yellow']],
]);
const UNKNOWN_LOOK = ['○', 'yellow'] as const;

export function stepText(text: string, elapsedMillis: number | undefined): string {
  return elapsedMillis === undefined ? text : `${text} · ${seconds(elapsedMillis)}`;
}

export function missedText(epoch: number, reason: string): string {
  return `epoch ${epoch} · missed · ${reason}`;
}

export function watcherText(id: number, state: WatcherState): string {
  const words: Record<WatcherState, string> = {
    starting: 'starts',
    up: 'is up again',
    lying: 'lies from now on',
    killed: 'was killed',
  };
  return `watcher ${id} ${words[state]}`;
}

/** Who got what, in one sentence; amounts of zero are left out. */
export function settlementText(settlement: SettlementRow): string {
  const { service, period, outcome, paidToProvider, returnedToCustomer, slashed } = settlement;
  const returned = Number(returnedToCustomer) === 0 ? '' : `${returnedToCustomer} back`;
  const penalty = Number(slashed) === 0 ? '' : `${slashed} slashed from the provider's bond`;
  const customer = [returned, penalty].filter(Boolean).join(' + ');
  const parts = [];
  if (Number(paidToProvider) !== 0) parts.push(`provider paid ${paidToProvider}`);
  if (customer !== '') parts.push(`customer got ${customer}`);
  const money = parts.length === 0 ? 'nothing moved' : parts.join(', ');
  return `${service} · period ${period} · ${outcome} · ${money}`;
}

/** The one line above a report's table, in its order: what, how agreed, what it cost, how late, where. */
export function reportParts(row: ReportRow) {
  return {
    epoch: `epoch ${row.epoch}`,
    view: `view ${row.view}`,
    signed: `${row.signers}/${row.watchers} signed`,
    gas: `${grouped(row.gasUsed)} gas`,
    late: `${seconds(row.latencyMillis)} after the epoch`,
  };
}

function reportLines(entry: ReportEntry, columns: number, paint: Paint): string[] {
  const { report } = entry;
  const parts = reportParts(report);
  const what: Span[] = [
    [parts.epoch, ['bold', 'cyan']],
    [parts.view, report.view > 0 ? 'yellow' : 'dim'],
    [parts.signed, report.signers < report.watchers ? 'yellow' : 'green'],
  ];
  const gas: Span = [parts.gas];
  const late: Span = [parts.late];
  const variants: Span[][] = [
    [...what, gas, late, [shortHash(report.txHash, 12), 'dim']],
    [...what, gas, late, [shortHash(report.txHash, 4), 'dim']],
    [...what, gas, late],
    [...what, gas, [parts.late.replace(' the epoch', '')]],
    [...what, gas],
    what,
  ];
  const lines = ['', fitSpans(variants.map(dotted), columns, paint), ...serviceTable(entry, columns, paint)];
  if (entry.more > 0) lines.push(paint('dim', clip(`  and ${entry.more} more services`, columns)));
  if (entry.hint) lines.push(paint('dim', clip(`  p99 needs ${P99_SAMPLES_MIN} samples a watcher`, columns)));
  return lines;
}

function dotted(spans: readonly Span[]): Span[] {
  return spans.flatMap((span, index): Span[] => (index === 0 ? [span] : [[' · ', 'dim'], span]));
}
