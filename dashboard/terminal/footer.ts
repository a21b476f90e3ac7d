import { stepText, WATCHER_LOOK } from './history.ts';
import type { State, Watcher } from './state.ts';
import { firstFit, fitSpans, type Paint, type Span } from './text.ts';

/** How long one picture of the spinner stays. */
export const SPINNER_MILLIS = 100;
const SPINNER = '⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏';
const RULE_COLUMNS_MAX = 100;

/** The oracle's own timing: epoch e lasts from genesis + e · epochMillis, in Unix milliseconds. */
export type EpochTiming = { readonly genesisMillis: number; readonly epochMillis: number };

export type FooterView = {
  readonly columns: number;
  readonly nowMillis: number;
  readonly epochs: EpochTiming | undefined;
  /** Whether keys do anything: only then they are explained. */
  readonly keys: boolean;
};

const KEYS = [
  'k kill a watcher · s slow a provider · l make a watcher lie · r restart what was killed · q quit',
  'k kill a watcher · s slow a provider · l make one lie · r restart · q quit',
  'k kill · s slow · l lie · r restart · q quit',
];

/** The lines that stay at the bottom and change in place. */
export function footerLines(state: State, view: FooterView, paint: Paint): string[] {
  const { columns, nowMillis } = view;
  const lines: string[] = [];
  const spinner = SPINNER[Math.floor(nowMillis / SPINNER_MILLIS) % SPINNER.length] ?? '';
  const busy = state.steps.map((step) => stepText(step.text, nowMillis - step.startedAtMillis));
  if (busy.length === 0 && state.phase !== 'running') busy.push(state.phase);
  for (const text of busy) lines.push(fitSpans([[[spinner, 'cyan'], [' '], [text]]], columns, paint));
  if (state.phase === 'stopping') return lines;
  if (state.phase === 'running') lines.unshift(paint('dim', '─'.repeat(Math.min(columns, RULE_COLUMNS_MAX))));
  if (state.watchers.length > 0) lines.push(statusLine(state, view, paint));
  if (state.phase === 'running' && view.keys) lines.push(paint('dim', firstFit(KEYS, columns)));
  return lines;
}

function statusLine({ watchers, phase }: State, { columns, nowMillis, epochs }: FooterView, paint: Paint): string {
  const next = epochs && phase === 'running' ? nextEpoch(epochs, nowMillis) : undefined;
  const [long, short] = next ? [next.join(' starts in '), next.join(' in ')] : ['', ''];
  const variants = [
    [...each(watchers, { words: true, gap: '  ' }), ...after(long)],
    [...each(watchers, { words: true, gap: '  ' }), ...after(short)],
    [...each(watchers, { words: false, gap: '  ' }), ...after(short)],
    [...each(watchers, { words: false, gap: ' ' }), ...after(short)],
    [...counts(watchers, true), ...after(short)],
    [...counts(watchers, false), ...after(short)],
    counts(watchers, false),
  ];
  return fitSpans(variants, columns, paint);
}

function after(text: string): Span[] {
  return text === '' ? [] : [[`   ${text}`, 'dim']];
}

/** `watchers  ● 0  ● 1  ◆ 2 lying  ✗ 3 killed` */
function each(watchers: readonly Watcher[], { words, gap }: { words: boolean; gap: string }): Span[] {
  const spans = watchers.flatMap(({ id, state }): Span[] => {
    const [symbol, style] = WATCHER_LOOK[state];
    return [[gap], [state === 'up' || !words ? `${symbol} ${id}` : `${symbol} ${id} ${state}`, style]];
  });
  return [['watchers'], ...spans];
}

/** `watchers  ● 60 up  ✗ 2 killed (3, 9)`: for sets too large to name each. */
function counts(watchers: readonly Watcher[], named: boolean): Span[] {
  const spans = (['up', 'killed', 'lying', 'starting'] as const).flatMap((state): Span[] => {
    const ids = watchers.filter((watcher) => watcher.state === state).map(({ id }) => id);
    if (ids.length === 0) return [];
    const [symbol, style] = WATCHER_LOOK[state];
    const names = named && state !== 'up' ? ` (${ids.join(', ')})` : '';
    return [['  '], [`${symbol} ${ids.length} ${state}${names}`, style]];
  });
  return [['watchers'], ...spans];
}

/** The epoch that comes next, and the time to its start. */
function nextEpoch({ genesisMillis, epochMillis }: EpochTiming, nowMillis: number): [epoch: string, wait: string] {
  const epoch = Math.max(0, Math.floor((nowMillis - genesisMillis) / epochMillis) + 1);
  const leftMillis = genesisMillis + epoch * epochMillis - nowMillis;
  return [`epoch ${epoch}`, `${Math.ceil(leftMillis / 1_000)} s`];
}
