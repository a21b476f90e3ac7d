/** What a person sees of a devnet. The supervisor makes these from the chain and verified archives; a view shows them. */

export type Bounds = { readonly value: number; readonly lower: number; readonly upper: number };

/** One service in one epoch; undefined while there are too few samples. Latencies in µs; 2^40 − 1 is infinite. */
export type ServiceRow = {
  readonly name: string;
  readonly availabilityPpm: Bounds | undefined;
  readonly latencyP50Us: Bounds | undefined;
  /** From the longest window that has enough samples. */
  readonly latencyP99Us: Bounds | undefined;
  readonly watchersValid: number;
  readonly watchersAssigned: number;
  readonly samples: { readonly good: number; readonly bad: number; readonly unknown: number; readonly fault: number };
  /** Distance between the watchers' quartiles of availability, ppm: a liar shows here. */
  readonly spreadPpm: number;
};

export type ReportRow = {
  readonly epoch: number;
  readonly view: number;
  readonly gasUsed: number;
  readonly signers: number;
  readonly watchers: number;
  readonly resultsRoot: string;
  readonly txHash: string;
  /** From the end of the epoch to the inclusion of its report. */
  readonly latencyMillis: number;
};

export type SettlementRow = {
  readonly service: string;
  readonly period: number;
  /** met, credited, inconclusive, breached, expired or abandoned */
  readonly outcome: string;
  /** Whole token units with their decimals already applied, for people; exact strings go to JSON. */
  readonly paidToProvider: string;
  readonly returnedToCustomer: string;
  readonly slashed: string;
  readonly txHash: string;
};

export type WatcherState = 'starting' | 'up' | 'lying' | 'killed';

export type DevnetEvent =
  /** Progress while it starts; `done` closes the step of the same text. */
  | { readonly type: 'step'; readonly text: string; readonly done: boolean; readonly atMillis: number }
  /** Everything runs: where to look. */
  | { readonly type: 'ready'; readonly directory: string; readonly rpc: string; readonly atMillis: number }
  | { readonly type: 'report'; readonly report: ReportRow; readonly services: readonly ServiceRow[] }
  /** The deadline of an epoch passed without a report. */
  | { readonly type: 'missed'; readonly epoch: number; readonly reason: string }
  | { readonly type: 'settlement'; readonly settlement: SettlementRow }
  | { readonly type: 'watcher'; readonly id: number; readonly state: WatcherState }
  | { readonly type: 'provider'; readonly name: string; readonly text: string }
  /** What the network did about something, in one sentence. */
  | { readonly type: 'note'; readonly text: string }
  | { readonly type: 'stopping'; readonly text: string };

/** What a key asks the devnet to do. */
export type DevnetCommand = 'kill' | 'slow' | 'lie' | 'restart' | 'quit';
