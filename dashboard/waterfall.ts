import { type Paint, painter, type Style } from './terminal/text.ts';

/** A phase of a probe; undefined micros: it did not happen or did not complete. */
export type Phase = {
  name: string;
  micros: number | undefined;
  /** Probes of this kind do not have it. */
  isLeftOut?: boolean;
};

/** Narrower bars say nothing, wider ones do not fit beside their labels. */
export const BAR_COLUMNS_MIN = 10;
export const BAR_COLUMNS_MAX = 60;

const NAME_COLUMNS = 11;
const TIME_COLUMNS = 11;
/** Eighths of a column, from none to a full block. */
const BLOCKS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉', '█'];

/** The phases in their order; one that is not named here has no colour. */
const STYLES: Readonly<Record<string, Style>> = {
  resolve: 'gray',
  connect: 'cyan',
  tls: 'magenta',
  'first byte': 'yellow',
  transfer: 'blue',
};

/**
 * The phases as lines of text, each bar beginning where the one before ended: name, duration, bar. Pure; `columns` is
 * the width of the terminal. With `endedMicros`, after which a probe ended whose phases are not complete, the first that is
 * missing behind them is shown as what it waited for.
 */
export function renderWaterfall(
  phases: readonly Phase[],
  columns: number,
  paint: Paint = painter(false),
  endedMicros = 0,
): string[] {
  const barColumns = Math.min(Math.max(columns - NAME_COLUMNS - TIME_COLUMNS - 2, BAR_COLUMNS_MIN), BAR_COLUMNS_MAX);
  const doneMicros = phases.reduce((sum, phase) => sum + (phase.micros ?? 0), 0);
  const totalMicros = Math.max(doneMicros, endedMicros);
  const lastDone = phases.findLastIndex(({ micros }) => micros !== undefined);
  const waited = endedMicros > doneMicros ? phases.findIndex(({ isLeftOut }, i) => i > lastDone && !isLeftOut) : -1;
  let offsetMicros = 0;
  return phases.map(({ name, micros }, i) => {
    const label = name.padEnd(NAME_COLUMNS);
    if (i === waited) {
      const from = Math.min(Math.round((doneMicros / totalMicros) * barColumns), barColumns - 1);
      const time = `> ${formatMicros(endedMicros - doneMicros)}`.padStart(TIME_COLUMNS);
      return paint('dim', `${label}${time}  ${' '.repeat(from)}${'░'.repeat(barColumns - from)}`);
    }
    if (micros === undefined) return paint('dim', `${label}${'-'.padStart(TIME_COLUMNS)}`);
    const eighth = (at: number) => (totalMicros === 0 ? 0 : Math.round((at / totalMicros) * barColumns * 8));
    const from = eighth(offsetMicros);
    offsetMicros += micros;
    const to = eighth(offsetMicros);
    const shown = paint(STYLES[name] ?? 'white', bar(from, to, barColumns));
    return `${label}${formatMicros(micros).padStart(TIME_COLUMNS)}  ${shown}`;
  });
}

/** From the full column that `from` lies in; always at least a sliver, also at the very end, so that a phase that happened is seen. */
function bar(from: number, to: number, barColumns: number): string {
  const column = Math.floor(from / 8);
  const eighths = Math.max(to - column * 8, 1);
  return ' '.repeat(Math.min(column, barColumns - 1)) + '█'.repeat(Math.floor(eighths / 8)) + BLOCKS[eighths % 8];
}

/** 417 µs, 12.3 ms, 1.25 s: three digits that matter. */
export function formatMicros(micros: number): string {
  if (micros < 1_000) return `${micros} µs`;
  const [value, unit] = micros < 1_000_000 ? [micros / 1_000, 'ms'] : [micros / 1_000_000, 's'];
  return `${value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0)} ${unit}`;
}
