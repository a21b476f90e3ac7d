import { bigEndian, fromBigEndian, keccak } from './bytes.ts';
import { type Domain, vrfDigest } from './digest.ts';
import { PlumblineError } from './error.ts';
import { SAMPLES_MAX, SERVICES_MAX } from './limits.ts';
import type { Service } from './service.ts';
import { totalStake, type WatcherSet } from './set.ts';

/**
 * The last slot leaves this much besides its time-out before the epoch's end: one round of control targets after a
 * failed probe (1 s), so that a slow answer is still a judged sample and not a cut.
 */
export const PROBING_MARGIN_MILLIS = 1_100;

/** One probe that a watcher owes in an epoch. `offsetMicros` counts from the epoch's start. */
export type Slot = {
  readonly service: number;
  readonly slot: number;
  readonly offsetMicros: number;
  /** Requests per second, of a slot that is a burst (burst.ts). */
  readonly burstRate?: number;
};

const SEED = new TextEncoder().encode('Plumbline assignment seed');
const LEADER = new TextEncoder().encode('Plumbline leader');

/** seed(d): what leaders and schedules of period d are drawn from; `randomness` is the prevrandao named in the docs. */
export function seedOf(domain: Domain, period: number, randomness: Uint8Array): Uint8Array {
  return keccak(SEED, bigEndian(domain.chainId, 32), domain.oracle, bigEndian(period, 8), randomness);
}

/**
 * Order of leaders in an epoch: a stake-weighted draw without replacement. View v belongs to entry v mod n, so a dead
 * leader costs one view and cannot be drawn twice in a row. The same order staggers submission.
 * @param count draws only so many of them: who asks for one leader must not pay for 512
 */
export function leaderOrder(set: WatcherSet, seed: Uint8Array, epoch: number, count = set.seats.length): number[] {
  const left = [...set.seats];
  let stakeLeft = totalStake(set);
  const order: number[] = [];
  while (left.length > 0 && order.length < count) {
    const draw = fromBigEndian(keccak(LEADER, seed, bigEndian(epoch, 8), bigEndian(order.length, 4)));
    let point = stakeLeft > 0n ? draw % stakeLeft : 0n;
    let index = 0;
    while (index < left.length - 1 && point >= left[index]!.stake) point -= left[index++]!.stake;
    const [drawn] = left.splice(index, 1);
    stakeLeft -= drawn!.stake;
    order.push(drawn!.seat);
  }
  return order;
}

/** @throws PlumblineError `set` when the set is empty: nobody leads it */
export function leaderOf(set: WatcherSet, seed: Uint8Array, epoch: number, view: number): number {
  const { length } = set.seats;
  if (length === 0) throw new PlumblineError('set', `set ${set.id} is empty: no seat can lead epoch ${epoch}`);
  return leaderOrder(set, seed, epoch, (view % length) + 1).at(-1)!;
}

/** What a watcher signs to draw its schedule; the signature is unique, so it cannot be ground. */
export function vrfInput(domain: Domain, epoch: number, seed: Uint8Array): Uint8Array {
  return vrfDigest(domain, epoch, seed);
}

/**
 * Slots that a batch has room for, by service, in order of registration. A service that does not fit any more gets none:
 * whoever registers too much starves later services, and does not stop the network.
 */
export function slotCounts(services: readonly Service[]): number[] {
  let left = SAMPLES_MAX;
  return services.map(({ slotsPerEpoch }, index) => {
    if (index >= SERVICES_MAX || slotsPerEpoch > left) return 0;
    left -= slotsPerEpoch;
    return slotsPerEpoch;
  });
}

/** The part of an epoch in which probes of the service may start. */
export function usableMicrosOf({ timeoutMillis }: Service, epochSeconds: number): number {
  return Math.max(1, epochSeconds * 1000 - timeoutMillis - PROBING_MARGIN_MILLIS) * 1000;
}

/** The part in which one slot falls. */
export function shareMicrosOf(service: Service, epochSeconds: number): number {
  return Math.floor(usableMicrosOf(service, epochSeconds) / service.slotsPerEpoch);
}

/**
 * The schedule that a VRF proof fixes: every slot falls at a random point of its own share of the probing time, so
 * load stays even and no provider knows the moment. Ordered by (service, slot).
 * @param owes services that the watcher is assigned to; by default all
 */
export function slotsOf(
  services: readonly Service[],
  vrfProof: Uint8Array,
  epochSeconds: number,
  owes: (service: Service) => boolean = () => true,
): Slot[] {
  const output = keccak(vrfProof);
  const counts = slotCounts(services);
  return services.flatMap((service, index) => {
    if (!owes(service)) return [];
    const share = shareMicrosOf(service, epochSeconds);
    return Array.from({ length: counts[index]! }, (_, slot) => {
      const draw = keccak(output, bigEndian(index, 2), bigEndian(slot, 2));
      const jitter = Number((fromBigEndian(draw.subarray(0, 4)) * BigInt(share)) >> 32n);
      return { service: index, slot, offsetMicros: slot * share + jitter };
    });
  });
}
