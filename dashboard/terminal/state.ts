import type { DevnetEvent, ReportRow, ServiceRow, SettlementRow, WatcherState } from '../model.ts';
import { clean, columnsOf } from './text.ts';

/** History kept for a frame: a few screens. What scrolled away is in the terminal's own buffer and in the archive. */
export const ROWS_MAX = 200;
/** Steps that run at the same time; more would push everything else off the footer. */
export const STEPS_MAX = 8;
/** Rows of one report; a devnet has a handful of services, and a screen about forty lines. */
export const SERVICES_MAX = 32;
/** Seats of one watcher set (the bitmap of a report). */
export const WATCHERS_MAX = 512;
/** Reports between two lines of column titles: about one on every screen. */
export const TITLES_EVERY_REPORTS = 5;
/** Narrower the titles do not fit, wider the numbers do not. */
export const NAME_COLUMNS_MIN = 8;
export const NAME_COLUMNS_MAX = 16;

export type Step = { readonly text: string; readonly startedAtMillis: number };
export type Watcher = { readonly id: number; readonly state: WatcherState; readonly broken: boolean };

/** One entry of the history. */
export type Row =
  | { readonly kind: 'step'; readonly text: string; readonly elapsedMillis: number | undefined }
  | { readonly kind: 'ready'; readonly directory: string; readonly rpc: string; readonly elapsedMillis: number }
  | ReportEntry
  | { readonly kind: 'missed'; readonly epoch: number; readonly reason: string }
  | { readonly kind: 'settlement'; readonly settlement: SettlementRow }
  | { readonly kind: 'watcher'; readonly id: number; readonly state: WatcherState }
  | { readonly kind: 'provider'; readonly name: string; readonly text: string }
  | { readonly kind: 'note'; readonly text: string }
  | { readonly kind: 'stopping'; readonly text: string };

export type ReportEntry = {
  readonly kind: 'report';
  readonly report: ReportRow;
  readonly services: readonly ServiceRow[];
  /** Services left out. */
  readonly more: number;
  readonly titles: boolean;
  /** Say, once, why there is no p99 yet. */
  readonly hint: boolean;
  /** Of the longest name so far, so that columns stay where they were in the report before. */
  readonly nameColumns: number;
};

export type State = {
  readonly phase: 'starting' | 'running' | 'stopping';
  readonly startedAtMillis: number | undefined;
  /** Under way, oldest first. */
  readonly steps: readonly Step[];
  /** The newest `ROWS_MAX` of the history, and how many there were in all. */
  readonly rows: readonly Row[];
  readonly rowsTotal: number;
  /** By id. */
  readonly watchers: readonly Watcher[];
  readonly reports: number;
  readonly hinted: boolean;
  readonly nameColumns: number;
  readonly stopping: string;
};

export const INITIAL_STATE: State = {
  phase: 'starting',
  startedAtMillis: undefined,
  steps: [],
  rows: [],
  rowsTotal: 0,
  watchers: [],
  reports: 0,
  hinted: false,
  nameColumns: NAME_COLUMNS_MIN,
  stopping: '',
};

/** Pure and bounded: however many events, the state keeps no more than the limits above. */
export function reduce(state: State, event: DevnetEvent): State {
  switch (event.type) {
    case 'step':
      return step(state, clean(event.text), event.done, event.atMillis);
    case 'ready': {
      const elapsedMillis = event.atMillis - (state.startedAtMillis ?? event.atMillis);
      const row: Row = { kind: 'ready', directory: clean(event.directory), rpc: clean(event.rpc), elapsedMillis };
      return add({ ...state, phase: 'running', steps: [] }, row);
    }
    case 'report':
      return report(state, event.report, event.services);
    case 'missed':
      return add(state, { kind: 'missed', epoch: event.epoch, reason: clean(event.reason) });
    case 'settlement': {
      const { service, outcome, paidToProvider, returnedToCustomer, slashed, txHash, period } = event.settlement;
      const amounts = {
        paidToProvider: clean(paidToProvider),
        returnedToCustomer: clean(returnedToCustomer),
        slashed: clean(slashed),
      };
      const settlement = {
        service: clean(service),
        period,
        outcome: clean(outcome),
        ...amounts,
        txHash: clean(txHash),
      };
      return add(state, { kind: 'settlement', settlement });
    }
    case 'watcher':
      return watcher(state, event.id, event.state);
    case 'provider':
      return add(state, { kind: 'provider', name: clean(event.name), text: clean(event.text) });
    case 'note':
      return add(state, { kind: 'note', text: clean(event.text) });
    case 'stopping': {
      const text = clean(event.text);
      return add({ ...state, phase: 'stopping', steps: [], stopping: text }, { kind: 'stopping', text });
    }
  }
}

function add(state: State, row: Row): State {
  return { ...state, rows: [...state.rows, row].slice(-ROWS_MAX), rowsTotal: state.rowsTotal + 1 };
}

function step(state: State, text: string, done: boolean, atMillis: number): State {
  const startedAtMillis = state.startedAtMillis ?? atMillis;
  const others = state.steps.filter((other) => other.text !== text);
  if (!done) {
    return { ...state, startedAtMillis, steps: [...others, { text, startedAtMillis: atMillis }].slice(-STEPS_MAX) };
  }
  const begun = state.steps.find((other) => other.text === text);
  const elapsedMillis = begun && atMillis - begun.startedAtMillis;
  return add({ ...state, startedAtMillis, steps: others }, { kind: 'step', text, elapsedMillis });
}

function report(state: State, row: ReportRow, all: readonly ServiceRow[]): State {
  const services = all.slice(0, SERVICES_MAX).map((service) => ({ ...service, name: clean(service.name) }));
  const longest = Math.max(state.nameColumns, ...services.map(({ name }) => columnsOf(name)));
  const nameColumns = Math.min(longest, NAME_COLUMNS_MAX);
  const hint = !state.hinted && services.some(({ latencyP99Us }) => latencyP99Us === undefined);
  const entry: ReportEntry = {
    kind: 'report',
    report: { ...row, txHash: clean(row.txHash), resultsRoot: clean(row.resultsRoot) },
    services,
    more: all.length - services.length,
    titles: state.reports % TITLES_EVERY_REPORTS === 0,
    hint,
    nameColumns,
  };
  return add({ ...state, reports: state.reports + 1, hinted: state.hinted || hint, nameColumns }, entry);
}

/** In the history stands what is news: not that a watcher started, but that it broke or came back. */
function watcher(state: State, id: number, next: WatcherState): State {
  const before = state.watchers.find((one) => one.id === id);
  const breaks = next === 'killed' || next === 'lying';
  const broken = breaks || (next === 'starting' && before?.broken === true);
  const watchers = [...state.watchers.filter((one) => one.id !== id), { id, state: next, broken }]
    .sort((a, b) => a.id - b.id)
    .slice(0, WATCHERS_MAX);
  const news = before?.state !== next && (breaks || (next === 'up' && before?.broken === true));
  return news ? add({ ...state, watchers }, { kind: 'watcher', id, state: next }) : { ...state, watchers };
}
