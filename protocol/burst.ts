import { type Assignment, assignedTo, owedBy } from './assigned.ts';
import { type Slot, shareMicrosOf, slotsOf, usableMicrosOf } from './assignment.ts';
import { bigEndian, fromBigEndian, keccak, toHex } from './bytes.ts';
import { SERVICE_KIND, type Service } from './service.ts';

/**
 * Bursts: whether a service keeps up with the rate that it was registered with. In every epoch exactly one of the watchers that
 * are assigned to it sends one, so bursts never meet, and the load is what the provider consented to whatever the number of
 * watchers. Whose turn it is follows from the epoch; in which slot is drawn by that watcher's VRF, so nobody knows it before.
 */

/** Below it, a burst of a second is too few requests to tell a rate from chance. */
export const BURST_RATE_MIN = 10;
/** Above it, a burst is shorter than what its judgement allows for jitter. */
export const BURST_RATE_MAX = 4_000;
/** A second tells 80 % of a rate from all of it; a longer one would only be more load. */
export const BURST_MILLIS_MAX = 1_000;
/** Open at once when nothing is answered: most of the probes that a watcher runs at once, and not all. */
export const BURST_REQUESTS_MAX = 200;

/** abi.encode(uint32). */
const EXTRA_BYTES = 32;
const LABEL = new TextEncoder().encode('Plumbline burst');

/** Requests per second of the bursts of a service; 0 when it has none. Contracts write it: `Templates.extraOf`. */
export function burstRateOf({ kind, extra }: Pick<Service, 'kind' | 'extra'>): number {
  if (kind !== SERVICE_KIND.http || extra.length !== EXTRA_BYTES) return 0;
  const rate = fromBigEndian(extra);
  return rate >= BigInt(BURST_RATE_MIN) && rate <= BigInt(BURST_RATE_MAX) ? Number(rate) : 0;
}

/** A second of the rate, or as many requests as may be open at once. */
export function burstRequests(ratePerSecond: number): number {
  return Math.min(Math.floor((ratePerSecond * BURST_MILLIS_MAX) / 1_000), BURST_REQUESTS_MAX);
}

/** From the first request's start to the last one's. */
export function burstMicros(ratePerSecond: number): number {
  return Math.floor(((burstRequests(ratePerSecond) - 1) * 1_000_000) / ratePerSecond);
}

type Facts = { readonly epoch: number; readonly services: readonly Service[]; readonly assignment: Assignment };

/** What a watcher owes in an epoch: the slots that its VRF proof draws, those that are bursts marked with their rate. */
export function scheduleOf(facts: Facts, watcher: Uint8Array, vrfProof: Uint8Array, epochSeconds: number): Slot[] {
  const { services, assignment } = facts;
  const slots = slotsOf(services, vrfProof, epochSeconds, owedBy(assignment, watcher));
  const bursts = new Map<number, number>();
  services.forEach((service, index) => {
    if (burstRateOf(service) === 0 || !isTurn(facts, index, watcher)) return;
    const slot = burstSlot(service, index, vrfProof, epochSeconds);
    if (slot !== undefined) bursts.set(index, slot);
  });
  if (bursts.size === 0) return slots;
  return slots.map((slot) => {
    const isBurst = bursts.get(slot.service) === slot.slot;
    return isBurst ? { ...slot, burstRate: burstRateOf(services[slot.service]!) } : slot;
  });
}

/** Turns go round by epoch; the index sets the services' rounds apart, so that one watcher does not have them all at once. */
function isTurn({ epoch, services, assignment }: Facts, index: number, watcher: Uint8Array): boolean {
  const assigned = assignedTo(assignment, services[index]!);
  return assigned.length > 0 && assigned[(epoch + index) % assigned.length]!.name === toHex(watcher);
}

/** One of the slots from which a burst still ends before the last slot would; undefined where the epoch is too short. */
function burstSlot(service: Service, index: number, vrfProof: Uint8Array, epochSeconds: number): number | undefined {
  const roomMicros = usableMicrosOf(service, epochSeconds) - burstMicros(burstRateOf(service));
  const fitting = Math.floor(roomMicros / shareMicrosOf(service, epochSeconds));
  if (fitting < 1) return undefined;
  const draw = fromBigEndian(keccak(LABEL, keccak(vrfProof), bigEndian(index, 2)).subarray(0, 4));
  return Number((draw * BigInt(fitting)) >> 32n);
}
