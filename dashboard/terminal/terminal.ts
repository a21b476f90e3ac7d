import type { Clock, Timer } from '../../platform/clock.ts';
import type { DevnetEvent } from '../model.ts';
import { type EpochTiming, footerLines, SPINNER_MILLIS } from './footer.ts';
import { plainLine } from './plain.ts';
import { COLUMNS_MIN, renderHistory } from './render.ts';
import { INITIAL_STATE, reduce, type State } from './state.ts';
import { fitSpans, painter, type Span } from './text.ts';

/** The part of a `WriteStream` that is used. */
export type Output = {
  write(text: string): unknown;
  readonly columns?: number;
  readonly rows?: number;
  on?(event: 'resize', listener: () => void): unknown;
  off?(event: 'resize', listener: () => void): unknown;
};

export type TerminalOptions = {
  out: Output;
  /** Whether `out` is a terminal that a person looks at. */
  tty: boolean;
  /** Used while `out.columns` is unknown. */
  columns: number;
  clock: Pick<Clock, 'now' | 'after'>;
  /** One line of JSON an event, for programs; wins over `tty`. */
  json?: boolean;
  /** Whether keys do anything (default: yes); only then the footer explains them. */
  keys?: boolean;
  /** Asked whenever the footer is drawn; undefined while the genesis is unknown. */
  epochs?: () => EpochTiming | undefined;
  /** NO_COLOR and TERM are read from here. */
  environment?: Readonly<Record<string, string | undefined>>;
};

export type Terminal = {
  show(event: DevnetEvent): void;
  /** Leaves the history, removes the footer and gives the cursor back. Idempotent; later events are not shown. */
  close(): void;
};

/** A scrolling history with a live footer on a terminal; append-only lines everywhere else. */
export function createTerminal(options: TerminalOptions): Terminal {
  const { tty, json = false, environment = process.env } = options;
  if (json) return lineTerminal(options.out, (event) => JSON.stringify(event));
  // A dumb terminal cannot move its cursor.
  if (!tty || environment.TERM === 'dumb') return lineTerminal(options.out, plainLine);
  return liveTerminal(options, environment);
}

/** Append-only: `line` makes one line of an event and of the state that it came upon. */
function lineTerminal(out: Output, line: (event: DevnetEvent, before: State) => string): Terminal {
  let open = true;
  let state = INITIAL_STATE;
  return {
    show: (event) => {
      if (!open) return;
      out.write(`${line(event, state)}\n`);
      state = reduce(state, event);
    },
    close: () => {
      open = false;
    },
  };
}

const HIDE_CURSOR = '\x1b[?25l';
const SHOW_CURSOR = '\x1b[?25h';
/** Between these two a terminal that knows them shows nothing half drawn; others ignore them. */
const SYNC_BEGIN = '\x1b[?2026h';
const SYNC_END = '\x1b[?2026l';
const ERASE_LINE_END = '\x1b[K';
const ERASE_BELOW = '\x1b[J';
const NAME: Span = ['Plumbline devnet', 'bold'];
const ABOUT: Span = [' · watchers measure services, agree, and settle on a chain', 'dim'];

/**
 * The hidden cursor always rests at the start of the footer. Whatever a resize does to the lines below, wrap or cut
 * them, drawing again from there replaces exactly the footer and never a line of the history.
 */
function liveTerminal(options: TerminalOptions, environment: NonNullable<TerminalOptions['environment']>): Terminal {
  const { out, clock, keys = true } = options;
  const paint = painter((environment.NO_COLOR ?? '') === '');
  let state = INITIAL_STATE;
  let footer = '';
  let open = true;
  let timer: Timer;

  // Some pseudo-terminals say 0 for a width that nobody has set.
  const width = () => Math.max(out.columns || options.columns, COLUMNS_MIN);
  const footerNow = (): string[] => {
    // The last column stays free: erasing with the cursor past it would take its character away.
    const view = { columns: width() - 1, nowMillis: clock.now(), epochs: options.epochs?.(), keys };
    // A footer as tall as the window would scroll its own first line away.
    return footerLines(state, view, paint).slice(0, Math.max(1, (out.rows || Number.POSITIVE_INFINITY) - 1));
  };
  const draw = (history: readonly string[], force = false) => {
    const lines = footerNow();
    const next = lines.join('\n');
    if (history.length === 0 && next === footer && !force) return;
    footer = next;
    const above = history.map((line) => `${ERASE_LINE_END}${line}\r\n`).join('');
    const below = lines.map((line) => `${ERASE_LINE_END}${line}`).join('\r\n');
    const home = lines.length > 1 ? `\r\x1b[${lines.length - 1}A` : '\r';
    out.write(`${SYNC_BEGIN}\r${above}${below}${ERASE_BELOW}${home}${SYNC_END}`);
  };
  const tick = () => {
    draw([]);
    timer = clock.after(SPINNER_MILLIS, tick);
  };
  const resize = () => draw([], true);
  const close = () => {
    if (!open) return;
    open = false;
    timer.cancel();
    out.off?.('resize', resize);
    process.off('exit', close);
    out.write(`\r${ERASE_BELOW}${SHOW_CURSOR}`);
  };

  out.write(HIDE_CURSOR);
  out.on?.('resize', resize);
  // Also when the program fails without closing: a shell without a cursor is a bad last impression.
  process.once('exit', close);
  draw([fitSpans([[NAME, ABOUT], [NAME]], width(), paint), '']);
  timer = clock.after(SPINNER_MILLIS, tick);

  return {
    show: (event) => {
      if (!open) return;
      const before = state.rowsTotal;
      state = reduce(state, event);
      draw(renderHistory(state, width(), paint, state.rowsTotal - before));
    },
    close,
  };
}
