import { compareBytes, toHex } from './bytes.ts';
import { THIRD, type Threshold } from './combine.ts';
import { COMMITTEE_WATCHERS_MAX, type CommitteeSize, committeeSize, drawCommittee } from './committee.ts';
import type { Service } from './service.ts';
import { totalStake, type WatcherSet } from './set.ts';

/** A watcher that owes samples of a service, and the stake that it speaks for. */
export type Assigned = {
  /** In the set that it was assigned from. */
  readonly seat: number;
  readonly watcher: Uint8Array;
  /** `watcher` as hex. */
  readonly name: string;
  readonly region: number;
  readonly weight: bigint;
};

/** Who measures what in one epoch: every seat of a set every service, with its stake; or the committees of a draw. */
export type Assignment = {
  readonly by: { readonly everyone: WatcherSet } | { readonly draw: Draw };
  /** Earlier epochs with committees: what a window that reaches back to them must know. Ascending. */
  readonly tails: readonly PastTail[];
};

/** What the committees of one assignment period are drawn from. Never changed after its first use: they are kept by object. */
export type Draw = {
  readonly electorate: WatcherSet;
  readonly seed: Uint8Array;
  readonly size: CommitteeSize;
  /** Ids, as hex, of the services that were there before the seed: a later one could have been made to fit it. */
  readonly serviceIds: ReadonlySet<string>;
};

/** Up to this epoch there were committees of this size. */
export type PastTail = { readonly lastEpoch: number; readonly size: CommitteeSize };

/** The epoch whose set and services a period's committees are drawn among: its seed was not known before. */
export function electionEpoch(period: number, assignmentPeriodEpochs: number): number {
  return Math.max(0, period - 1) * assignmentPeriodEpochs;
}

/** Every seat of the set, for every service. */
export function everyone(set: WatcherSet, tails: readonly PastTail[] = []): Assignment {
  return { by: { everyone: set }, tails };
}

/**
 * @param set that of the epoch
 * @param electorate that of the period's election epoch
 * @param draw of the electorate, when its size asks for one
 */
export function assignmentOf(
  set: WatcherSet,
  electorate: WatcherSet,
  draw: Draw | undefined,
  tails: readonly PastTail[],
): Assignment {
  if (draw) return { by: { draw }, tails };
  // A set that outgrew its electorate would be too much for a provider: who came since waits for the next period.
  return everyone(set.seats.length <= COMMITTEE_WATCHERS_MAX ? set : electorate, tails);
}

/** Undefined when everyone probes everything. */
export function drawOf(electorate: WatcherSet, seed: Uint8Array, services: readonly Service[]): Draw | undefined {
  const size = committeeSize(electorate);
  return size && { electorate, seed, size, serviceIds: new Set(services.map(({ id }) => toHex(id))) };
}

type Duty = { readonly assigned: readonly Assigned[]; readonly names: ReadonlySet<string> };

const NOBODY: Duty = { assigned: [], names: new Set() };
/** What everyone in a set is assigned, for as long as somebody holds the set. */
const wholeDuties = new WeakMap<WatcherSet, Duty>();
/** By draw, then by service id: as many as a draw has services, and they go when the draw goes. */
const drawnDuties = new WeakMap<Draw, Map<string, Duty>>();

/** Who is assigned to a service, ascending by watcher; nobody when it was registered after the seed. */
export function assignedTo(assignment: Assignment, service: Service): readonly Assigned[] {
  return dutyOf(assignment, service).assigned;
}

/** Which services a watcher owes samples of. */
export function owedBy(assignment: Assignment, watcher: Uint8Array): (service: Service) => boolean {
  const name = toHex(watcher);
  return (service) => dutyOf(assignment, service).names.has(name);
}

function dutyOf({ by }: Assignment, { id }: Service): Duty {
  return 'draw' in by ? drawnDuty(by.draw, id) : wholeDuty(by.everyone);
}

function wholeDuty(set: WatcherSet): Duty {
  let duty = wholeDuties.get(set);
  if (!duty) {
    const seats = set.seats.toSorted((a, b) => compareBytes(a.watcher, b.watcher));
    duty = dutyFor(
      seats.map(({ seat, watcher, region, stake }) => ({ seat, watcher, name: toHex(watcher), region, weight: stake })),
    );
    wholeDuties.set(set, duty);
  }
  return duty;
}

function drawnDuty(draw: Draw, id: Uint8Array): Duty {
  const serviceId = toHex(id);
  if (!draw.serviceIds.has(serviceId)) return NOBODY;
  const duties = drawnDuties.get(draw) ?? new Map<string, Duty>();
  drawnDuties.set(draw, duties);
  let duty = duties.get(serviceId);
  if (!duty) {
    duty = dutyFor(committeeOf(draw, id));
    duties.set(serviceId, duty);
  }
  return duty;
}

/** Each share speaks for the same stake: together, for all of it but less than `size` units that the division leaves. */
function committeeOf({ electorate, seed, size: { size } }: Draw, serviceId: Uint8Array): Assigned[] {
  const worth = totalStake(electorate) / BigInt(size) || 1n;
  const shares = new Map(
    drawCommittee(electorate, seed, serviceId, size).map((member) => [member.seat, member.shares]),
  );
  return wholeDuty(electorate).assigned.flatMap((one) => {
    const drawn = shares.get(one.seat);
    return drawn === undefined ? [] : [{ ...one, weight: worth * BigInt(drawn) }];
  });
}

function dutyFor(assigned: readonly Assigned[]): Duty {
  return { assigned, names: new Set(assigned.map(({ name }) => name)) };
}

/**
 * The part of the assigned stake that may lie in a window, at most: a third where everyone probed, more where committees
 * did. The largest of all committees in the window: a sum of parts is no larger part than the largest of them.
 */
export function tailThreshold({ by, tails }: Assignment, windowStart: number): Threshold {
  const sizes = tails.filter(({ lastEpoch }) => lastEpoch >= windowStart).map(({ size }) => size);
  if ('draw' in by) sizes.push(by.draw.size);
  return sizes.map(thresholdOf).reduce((a, b) => (a.part * b.of >= b.part * a.of ? a : b), THIRD);
}

function thresholdOf({ size, tailShares }: CommitteeSize): Threshold {
  return { part: BigInt(tailShares), of: BigInt(size) };
}
