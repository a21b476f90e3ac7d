import { MINIMAL } from '../../protocol/parameters.ts';
import { DELAY_MILLIS_MAX } from '../support/simnet/network.ts';
import type { Term, Version } from '../support/simnet/simnet.ts';
import { membershipOf, termsOf } from './membership.ts';
import { Rng } from './rng.ts';

/** What a member of the coalition does besides what its process does. */
export const STRATEGIES = [
  'equivocate-commit',
  'equivocate-propose',
  'equivocate-attest',
  'withhold-commit',
  'withhold-reveal',
  'late-reveal',
  'partial-reveal',
  'edge-commit',
  'censor',
  'usurp',
  'late-copy',
  'stall',
  'forge-batch',
  'wrong-roots',
  'invalid-partial',
  'withhold-attestation',
  'replay',
  'flood',
  'lie',
  'copy',
  'sign-anything',
  'lie-to-requests',
  'forge-certificate',
] as const;
export type Strategy = (typeof STRATEGIES)[number];

export const FAULTS = [
  'crash',
  'crash-at-call',
  'power-cut',
  'disk-full',
  'read-error',
  'suspend',
  'skew-small',
  'skew-large',
  'wipe',
  'old-backup',
  'rpc-down',
  'rpc-slow',
  'rpc-lies',
] as const;
export type FaultKind = (typeof FAULTS)[number];

/** Something that happens to one machine; times in ms after genesis. */
export type Fault = {
  readonly kind: FaultKind;
  readonly seat: number;
  readonly at: number;
  readonly until: number;
  /** What the kind makes of it: ms of skew, calls until a crash. */
  readonly amount: number;
};

export type Partition = { readonly at: number; readonly until: number; readonly side: readonly number[] };
export type Link = { readonly from: number; readonly to: number; readonly extraMillis: number };

export type Weather = {
  readonly lossPercent: number;
  readonly slowPercent: number;
  readonly slowMillis: number;
  readonly againPercent: number;
  /** One direction only. */
  readonly links: readonly Link[];
  /** Seats whose every message, in and out, takes longer. */
  readonly slowSeats: readonly number[];
  readonly partitions: readonly Partition[];
  /** After the healing a message takes up to so much longer than the least. */
  readonly calmMillis: number;
};

export type Member = { readonly seat: number; readonly strategies: readonly Strategy[] };

/** One world before it begins: everything that a seed decides about it in advance. */
export type Plan = {
  readonly seed: number;
  readonly stakes: readonly bigint[];
  readonly members: readonly Member[];
  /** The coalition's stake is the largest below a third. */
  readonly nearBound: boolean;
  readonly services: number;
  readonly slotsPerEpoch: number;
  readonly aggregator: boolean;
  readonly finalDepth: number;
  readonly realBls: boolean;
  readonly weather: Weather;
  readonly faults: readonly Fault[];
  readonly reorgs: readonly { readonly at: number; readonly depth: number; readonly kept: boolean }[];
  readonly droppedPercent: number;
  readonly latePercent: number;
  /** Transactions that are mined and whose sender hears nothing of it. */
  readonly unheardPercent: number;
  /** When gas costs more than anybody offers. */
  readonly spikes: readonly { readonly at: number; readonly until: number }[];
  /** Who has a seat from which epoch on. */
  readonly versions: readonly Version[];
  /** When each process first starts, ms after genesis; 0 is before genesis. */
  readonly startsAt: readonly number[];
  /** In which epochs each service is measured. */
  readonly terms: readonly Term[];
  readonly assignmentPeriodEpochs: number;
  /** Services that a part of the honest watchers cannot reach, or see slowly, in some epochs. */
  readonly outagePercent: number;
  /** When every fault but the coalition ends, ms after genesis. */
  readonly healAt: number;
  readonly endAt: number;
};

export const EPOCH_MILLIS = MINIMAL.epochSeconds * 1000;
const DEADLINE_MILLIS = (MINIMAL.parameters.deadlineEpochs + 1) * EPOCH_MILLIS;
/** After the healing: what still runs expires, and then whole epochs pass in a good network. */
const QUIET_EPOCHS = 7;

export type PlanOptions = {
  readonly watchersMin: number;
  readonly watchersMax: number;
  /** Puts the coalition above a third on purpose: then the checkers must find something. */
  readonly overBound?: boolean;
  readonly strategies?: readonly Strategy[];
};
export const PLAN_OPTIONS: PlanOptions = { watchersMin: 4, watchersMax: 31 };

/** From the range, a number near its lower end more often: work grows with the square and more, and most faults show among few. */
function fewRatherThanMany(rng: Rng, min: number, max: number): number {
  return min + Math.floor((max - min + 1) * (rng.below(1_000) / 1_000) ** 10);
}

export function planOf(seed: number, options: PlanOptions = PLAN_OPTIONS): Plan {
  const rng = new Rng(seed, 'plan');
  const realBls = rng.below(100) === 0;
  const watchersMax = realBls ? Math.max(options.watchersMin, Math.min(5, options.watchersMax)) : options.watchersMax;
  const watchers = fewRatherThanMany(rng, options.watchersMin, watchersMax);
  const kind = options.overBound ? 'over' : rng.pick(['near', 'near', 'few', 'few', 'none'] as const);
  const seats = [...new Array(watchers).keys()];
  // At least one honest seat more than liars, however small the liars' seats are.
  const liarsMax = Math.max(1, Math.floor((watchers - 1) / 2));
  const liars = kind === 'none' ? [] : rng.some(seats, rng.between(1, liarsMax));
  const membership = membershipOf(rng, seats, liars, EPOCH_MILLIS);
  const stakes = stakesOf(rng, watchers, liars, kind, membership.versions);
  const strategies = options.strategies ?? STRATEGIES;
  const members = liars.map((seat) => ({ seat, strategies: rng.some(strategies, rng.between(1, 5)) }));
  const stormEpochs = realBls ? 4 : rng.between(4, 8);
  const healAt = stormEpochs * EPOCH_MILLIS + rng.below(EPOCH_MILLIS);
  const honest = seats.filter((seat) => !liars.includes(seat));
  // Every host checks every batch: many watchers measure little.
  const isLarge = watchers > 12;
  const services = rng.between(1, isLarge ? 1 : 3);
  const finalDepth = rng.pick([2, 2, 4, 8]);
  return {
    seed,
    stakes,
    members,
    nearBound: kind === 'near',
    services,
    slotsPerEpoch: isLarge ? 4 : rng.pick([4, 6, 12]),
    aggregator: rng.percent(50),
    finalDepth,
    realBls,
    weather: weatherOf(rng, watchers, healAt),
    faults: faultsOf(rng, honest, membership.startsAt, healAt),
    reorgs: times(rng, rng.below(4), healAt).map((at) => ({
      at,
      depth: rng.between(1, finalDepth),
      kept: rng.percent(50),
    })),
    droppedPercent: rng.pick([0, 0, 20, 60]),
    latePercent: rng.pick([0, 0, 30]),
    unheardPercent: rng.pick([0, 0, 30]),
    spikes: times(rng, rng.below(2), healAt).map((at) => ({
      at,
      until: Math.min(healAt, at + rng.between(1_000, 9_000)),
    })),
    ...membership,
    terms: termsOf(rng, services),
    assignmentPeriodEpochs: rng.pick([900, 900, 3]),
    outagePercent: rng.pick([0, 10, 40]),
    healAt,
    endAt: healAt + QUIET_EPOCHS * EPOCH_MILLIS,
  };
}

/** Honest stake of the set that has the least of it. */
export function honestStakeMin(
  stakes: readonly bigint[],
  liars: readonly number[],
  versions: readonly Version[],
): bigint {
  const sums = versions.map(({ seats }) =>
    seats.reduce((sum, seat) => (liars.includes(seat) ? sum : sum + stakes[seat]!), 0n),
  );
  return sums.sort((a, b) => (a < b ? -1 : 1))[0]!;
}

/**
 * Stakes of all seats. Near the bound the liars' sum is the largest B with 3B < total in every set; above it, they have
 * three eighths of the smallest.
 */
function stakesOf(
  rng: Rng,
  watchers: number,
  liars: readonly number[],
  kind: 'near' | 'few' | 'none' | 'over',
  versions: readonly Version[],
): bigint[] {
  const stakes = Array.from({ length: watchers }, () => BigInt(rng.percent(30) ? 1_000 : rng.between(200, 3_000)));
  if (kind === 'none') return stakes;
  const honest = honestStakeMin(stakes, liars, versions);
  const largest = (honest - 1n) / 2n;
  const sum =
    kind === 'near' ? largest : kind === 'over' ? (honest * 3n) / 5n : (largest * BigInt(rng.between(20, 90))) / 100n;
  liars.forEach((seat, i) => {
    const share = sum / BigInt(liars.length);
    stakes[seat] = i === 0 ? sum - share * BigInt(liars.length - 1) : share;
  });
  return stakes;
}

function times(rng: Rng, count: number, until: number): number[] {
  return Array.from({ length: count }, () => rng.below(until)).sort((a, b) => a - b);
}

function weatherOf(rng: Rng, watchers: number, healAt: number): Weather {
  const seats = [...new Array(watchers).keys()];
  const isCalm = rng.percent(25);
  return {
    lossPercent: isCalm ? 0 : rng.pick([0, 2, 10, 25]),
    slowPercent: isCalm ? 0 : rng.pick([0, 10, 30]),
    slowMillis: rng.pick([150, 600, 2_000]),
    againPercent: isCalm ? 0 : rng.pick([0, 5, 20]),
    links: times(rng, isCalm ? 0 : rng.below(4), healAt).map(() => ({
      from: rng.pick(seats),
      to: rng.pick(seats),
      extraMillis: rng.pick([100, 500, 1_500]),
    })),
    calmMillis: rng.pick([0, 50, MINIMAL.parameters.deltaMillis - DELAY_MILLIS_MAX]),
    slowSeats: rng.some(seats, rng.percent(20) ? 1 : 0),
    partitions: times(rng, rng.percent(40) ? rng.between(1, 2) : 0, healAt).map((at) => ({
      at,
      until: Math.min(healAt, at + rng.between(300, 10_000)),
      side: rng.some(seats, rng.between(1, watchers - 1)),
    })),
  };
}

/** A machine has one fault at a time, so that each ends as it should before the next begins. */
function faultsOf(rng: Rng, honest: readonly number[], startsAt: readonly number[], healAt: number): Fault[] {
  const faults: Fault[] = [];
  const victims = rng.some(honest, rng.percent(20) ? 0 : rng.between(1, Math.max(1, Math.ceil(honest.length / 2))));
  for (const seat of victims) {
    let from = startsAt[seat]! + rng.below(EPOCH_MILLIS);
    for (;;) {
      const kind = rng.pick(FAULTS);
      const at = from + rng.below(2 * EPOCH_MILLIS);
      const until = at + lengthOf(rng, kind);
      // Whoever starts without what it signed must have waited first, and the healing does not wait for it.
      if (until >= healAt) break;
      faults.push({ kind, seat, at, until, amount: amountOf(rng, kind) });
      from = until + rng.below(EPOCH_MILLIS);
    }
  }
  return faults.sort((a, b) => a.at - b.at || a.seat - b.seat);
}

function lengthOf(rng: Rng, kind: FaultKind): number {
  // docs/OPERATORS.md: whoever starts without its journal, or with an old one, waits for deadlineEpochs + 1 epochs.
  if (kind === 'wipe' || kind === 'old-backup') return DEADLINE_MILLIS + rng.below(500);
  if (kind === 'suspend') return rng.pick([300, 1_500, 9_000]);
  return rng.between(50, 6_000);
}

function amountOf(rng: Rng, kind: FaultKind): number {
  const sign = rng.percent(50) ? 1 : -1;
  if (kind === 'skew-small') return sign * rng.between(10, MINIMAL.parameters.deltaMillis / 2);
  if (kind === 'skew-large') return sign * rng.between(300, 9_000);
  return rng.between(1, 60);
}
