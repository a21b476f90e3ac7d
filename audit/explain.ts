import type { Bls } from '../platform/bls/bls.ts';
import type { Chain } from '../platform/chain/chain.ts';
import { reasonCounts } from '../protocol/abstention.ts';
import { addSample, emptyAccumulator } from '../protocol/accumulator.ts';
import { assignedTo, tailThreshold } from '../protocol/assigned.ts';
import type { Batch } from '../protocol/batch.ts';
import { toHex } from '../protocol/bytes.ts';
import type { LandedReport } from '../protocol/certificate.ts';
import { PlumblineError } from '../protocol/error.ts';
import { type Leaf, leafOf } from '../protocol/leaf.ts';
import type { METRIC } from '../protocol/metric.ts';
import type { Parameters } from '../protocol/parameters.ts';
import { type ReasonName, reasonName } from '../protocol/reason.ts';
import type { Service } from '../protocol/service.ts';
import type { Seat } from '../protocol/set.ts';
import { STALLED_PPM_MAX, statisticsOf, type WatcherStatistics } from '../protocol/statistics.ts';
import type { Archive, NoteFolder } from './archive.ts';
import { epochFacts, landedReports } from './epoch.ts';
import { pickServices } from './pick.ts';
import { readRecords } from './stored.ts';

export type ExplainDeps = {
  readonly chain: Chain;
  readonly bls: Pick<Bls, 'verify'>;
  readonly archives: readonly Archive[];
  /** Where watchers may have noted why they did not sign. */
  readonly notes?: readonly NoteFolder[];
};

type Reasons = readonly { readonly reason: ReasonName | `reason-${number}`; readonly count: number }[];
export type Health = Pick<Batch, 'clockErrorMicros' | 'controlsGood' | 'controlsBad'>;
export type Note = { readonly code: string; readonly clockErrorMicros: number; readonly reasons: Reasons };

/** What one watcher saw of one service in one epoch, and what came of it. */
export type Sight = {
  readonly seat: number;
  readonly operator: string;
  readonly watcher: string;
  readonly region: number;
  readonly signed: boolean;
  /** Its batch is in the report. */
  readonly counted: boolean;
  /** Why the epoch's leaf does not take its word: 'no batch', too few answers, too many faults of its own or stalls. Undefined: it does. */
  readonly notValid: string | undefined;
  /** Undefined without its batch. */
  readonly statistics: WatcherStatistics | undefined;
  /** Samples by reason, most frequent first. */
  readonly reasons: Reasons;
  /** What its batch says of the watcher's own health; undefined without it. */
  readonly health: Health | undefined;
  /** Why it did not sign what it measured, by a note in its own folder: unsigned, and so no more than its word. */
  readonly note: Note | undefined;
  /** Samples in which its event loop stood still, and the worst of them. */
  readonly stalls: number;
  readonly worstStallMicros: number;
};

export type ExplainedService = {
  readonly service: Service;
  readonly sights: readonly Sight[];
  /** What the epoch's own leaf says, computed from these. */
  readonly leaf: Leaf;
};

export type Explanation = {
  readonly epoch: number;
  readonly reportHash: string;
  readonly view: number;
  readonly setId: number;
  readonly services: readonly ExplainedService[];
};

/**
 * Who saw what in an epoch, from the chain and the stored, signed batches.
 * @param wanted one service: its id, a beginning of it that no other one has, or its URL; undefined for all
 * @throws PlumblineError `usage` when the epoch has no report or not one such service, `archive` when no record has its batches
 */
export async function explain(deps: ExplainDeps, epoch: number, wanted?: string): Promise<Explanation> {
  const { chain } = deps;
  const landed = await reportOf(chain, epoch);
  const known = await epochFacts(chain)(epoch);
  const services = pickServices(known.services, epoch, wanted);
  const rules = { facts: chain.facts, bls: deps.bls, signatures: true };
  const { counted } = await readRecords(rules, known, landed, deps.archives);
  if (!counted) {
    const where = `${deps.archives.length} folders`;
    throw new PlumblineError('archive', `no sound record of epoch ${epoch} in ${where}; give --archive FOLDER`);
  }
  const notes = await notesOf(deps.notes ?? [], epoch);
  const batches = new Map(counted.map(({ batch }) => [toHex(batch.watcher), batch]));
  const seats = new Map(known.set.seats.map((seat) => [toHex(seat.watcher), seat]));
  const { parameters } = chain.facts;
  return {
    epoch,
    reportHash: toHex(landed.reportHash),
    view: landed.view,
    setId: landed.header.setId,
    services: services.map((service) => {
      const index = known.services.indexOf(service);
      const assigned = assignedTo(known.assignment, service);
      const sights = assigned.flatMap(({ watcher, weight }) => {
        const seat = seats.get(toHex(watcher));
        if (!seat) return [];
        const signed = landed.signers.includes(seat.seat);
        const name = toHex(watcher);
        const sight = sightOf(seat, signed, batches.get(name), index, weight, assigned.length, parameters);
        return [{ sight: { ...sight, note: sight.counted ? undefined : notes.get(name) } }];
      });
      const seen = new Map(sights.map(({ sight }) => [sight.watcher, sight.statistics]));
      // Who left the set since the assignment is assigned as well, and absent.
      const all = assigned.map(({ watcher, region, weight }) => {
        const absent = { ...emptyAccumulator(watcher, region), assignedWeight: weight };
        return seen.get(toHex(watcher)) ?? statisticsOf(absent, parameters, assigned.length);
      });
      const window = { serviceId: service.id, windowStart: epoch, windowEpochs: 1, epochsCounted: 1, accumulators: [] };
      return {
        service,
        sights: sights.map(({ sight }) => sight).sort((a, b) => a.seat - b.seat),
        leaf: leafOf(window, 0, all, parameters, tailThreshold(known.assignment, epoch)),
      };
    }),
  };
}

/** By watcher. What cannot be read is left out: a note is a courtesy. */
async function notesOf(folders: readonly NoteFolder[], epoch: number): Promise<Map<string, Note>> {
  const notes = await Promise.all(folders.map((folder) => folder.read(epoch).catch(() => undefined)));
  return new Map(
    notes
      .filter((note) => note !== undefined && note.epoch === epoch)
      .map((note) => {
        const { watcher, code, clockErrorMicros, reasons } = note!;
        return [toHex(watcher), { code, clockErrorMicros, reasons: named(reasons) }];
      }),
  );
}

async function reportOf(chain: Chain, epoch: number): Promise<LandedReport> {
  let last: number | undefined;
  for await (const landed of landedReports(chain)) {
    if (landed.header.epoch === epoch) return landed;
    if (landed.header.epoch > epoch) break;
    last = landed.header.epoch;
  }
  const before = last === undefined ? 'there is none before it' : `the last one before it is of epoch ${last}`;
  throw new PlumblineError('usage', `the chain has no report of epoch ${epoch}; ${before}`);
}

function sightOf(
  { seat, operator, watcher, region }: Seat,
  signed: boolean,
  batch: Batch | undefined,
  index: number,
  weight: bigint,
  watchers: number,
  parameters: Parameters,
): Sight {
  const who = {
    seat,
    operator,
    watcher: toHex(watcher),
    region,
    signed,
    counted: batch !== undefined,
    note: undefined,
  };
  if (!batch) {
    const nothing = { statistics: undefined, reasons: [], stalls: 0, worstStallMicros: 0, health: undefined };
    return { ...who, ...nothing, notValid: 'no batch' };
  }
  const { clockErrorMicros, controlsGood, controlsBad } = batch;
  const samples = batch.samples.filter((sample) => sample.service === index);
  const share = { ...emptyAccumulator(watcher, region), assignedWeight: weight, countedWeight: weight };
  for (const sample of samples) addSample(share, sample);
  const statistics = statisticsOf(share, parameters, watchers);
  const stalls = samples.map(({ stallMicros }) => stallMicros).filter((micros) => micros > 0);
  return {
    ...who,
    notValid: statistics.valid ? undefined : shortcoming(statistics, parameters),
    statistics,
    reasons: named(reasonCounts(samples)),
    health: { clockErrorMicros, controlsGood, controlsBad },
    stalls: stalls.length,
    worstStallMicros: Math.max(0, ...stalls),
  };
}

function shortcoming({ samples }: WatcherStatistics, { minSamples, maxFaultPpm }: Parameters): string {
  const answered = samples.good + samples.bad;
  const all = answered + samples.unknown + samples.fault;
  if (samples.fault * 1_000_000 > all * maxFaultPpm) {
    return `${samples.fault} of ${all} its own faults, at most ${maxFaultPpm / 10_000} %`;
  }
  if (samples.stalled * 1_000_000 > answered * STALLED_PPM_MAX) {
    return `${samples.stalled} of ${answered} good or bad stalled, at most ${STALLED_PPM_MAX / 10_000} %`;
  }
  return `${answered} good or bad, at least ${minSamples}`;
}

function named(counts: readonly { reason: number; count: number }[]): Reasons {
  return counts.map(({ reason, count }) => ({ reason: reasonName(reason), count }));
}

/** The value that a watcher saw of a metric; undefined when it saw too little, or none. */
export function seenOf(
  statistics: WatcherStatistics,
  metric: (typeof METRIC)[keyof typeof METRIC],
): number | undefined {
  const seen = statistics.metrics[metric];
  return typeof seen === 'object' ? seen.value : undefined;
}
