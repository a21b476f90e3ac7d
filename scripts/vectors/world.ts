import { STALLED_MICROS_MIN } from '../../protocol/accumulator.ts';
import { everyone, owedBy } from '../../protocol/assigned.ts';
import { slotsOf } from '../../protocol/assignment.ts';
import { type Batch, batchHash, encodeBatch } from '../../protocol/batch.ts';
import { bigEndian, concat, fromBigEndian, keccak } from '../../protocol/bytes.ts';
import { commitmentOf } from '../../protocol/commit.ts';
import type { Domain } from '../../protocol/digest.ts';
import { MINIMAL, type Parameters, parametersId } from '../../protocol/parameters.ts';
import { REASON } from '../../protocol/reason.ts';
import type { Counted, EpochContext } from '../../protocol/report.ts';
import { emptySample, OUTCOME, type Sample } from '../../protocol/sample.ts';
import { SERVICE_KIND, type Service } from '../../protocol/service.ts';
import type { Seat, WatcherSet } from '../../protocol/set.ts';

/** A network without keys, clock or chain: what golden vectors and the tests of protocol/ compute reports of. */

/** 32 bytes from a name: the same wherever and whenever they are asked for. */
export function drawn(...name: readonly (string | number)[]): Uint8Array {
  return keccak(new TextEncoder().encode(name.join('/')));
}

/** A whole number below `limit` from a name. */
export function drawnBelow(limit: number, ...name: readonly (string | number)[]): number {
  return Number(fromBigEndian(drawn(...name)) % BigInt(limit));
}

export const DOMAIN: Domain = { chainId: 31_337, oracle: drawn('oracle').subarray(0, 20) };
export const SALT = drawn('salt');

export function seatOfWorld(seat: number, stake: bigint, region = 0): Seat {
  const watcher = drawn('watcher', seat);
  const publicKey = concat(watcher, watcher, watcher);
  return { seat, watcher, publicKey, stake, operator: `operator ${seat}`, operatorId: '', region };
}

export function setOfWorld(stakes: readonly bigint[], regions: readonly number[] = []): WatcherSet {
  return { id: 1, seats: stakes.map((stake, seat) => seatOfWorld(seat, stake, regions[seat])) };
}

export function serviceOfWorld(index: number, slotsPerEpoch: number): Service {
  return {
    id: drawn('service', index),
    provider: `provider ${index}`,
    kind: SERVICE_KIND.http,
    url: `https://service-${index}.example/`,
    method: 'GET',
    slotsPerEpoch,
    timeoutMillis: 1_000,
    expectedStatus: 200,
    bodyDigest: new Uint8Array(32),
    extra: new Uint8Array(0),
  };
}

/** Windows of 2 and 4 epochs; 12 samples, two epochs of six, make a watcher valid. */
export const SMALL_PARAMETERS: Parameters = { ...MINIMAL.parameters, windowEpochs: [2, 4, 0, 0] };
export const SMALL_SET = setOfWorld([10n, 20n, 30n, 40n], [0, 1, 1, 2]);
export const SMALL_SERVICES = [serviceOfWorld(0, 6), serviceOfWorld(1, 3)];

export function contextOf(epoch: number, over: Partial<EpochContext> = {}): EpochContext {
  return {
    epoch,
    set: SMALL_SET,
    services: SMALL_SERVICES,
    parameters: SMALL_PARAMETERS,
    anchor: { number: 100 + epoch, hash: drawn('block', 100 + epoch) },
    ...over,
  };
}

/** How one slot ended; by default nine in ten are good, the rest evenly spread, and one in thirty stalled. */
export type SampleOf = (at: { epoch: number; seat: number; service: number; slot: number }) => Partial<Sample>;

const byDraw: SampleOf = ({ epoch, seat, service, slot }) => {
  const roll = drawnBelow(30, 'outcome', epoch, seat, service, slot);
  if (roll === 0) return { outcome: OUTCOME.unknown, reason: REASON.nameUnresolved };
  if (roll === 1) return { outcome: OUTCOME.watcherFault, reason: REASON.overload };
  if (roll === 2) return { outcome: OUTCOME.bad, reason: REASON.timeout, totalMicros: 1_000_000, statusCode: 0 };
  if (roll === 3) return { stallMicros: STALLED_MICROS_MIN };
  // Service 1 has a known answer.
  if (service !== 1) return {};
  const bodyDigest = drawn('body', roll === 4 ? 'wrong' : 'right');
  return roll === 4 ? { outcome: OUTCOME.bad, reason: REASON.wrongBody, bodyDigest } : { bodyDigest };
};

export function batchOf(context: EpochContext, seat: number, sampleOf: SampleOf = byDraw): Batch {
  const { epoch } = context;
  const vrfProof = concat(drawn('vrf', epoch, seat), drawn('vrf tail', epoch, seat).subarray(0, 16));
  const { watcher } = context.set.seats.find((one) => one.seat === seat)!;
  const owes = owedBy(context.assignment ?? everyone(context.set), watcher);
  const samples = slotsOf(context.services, vrfProof, MINIMAL.epochSeconds, owes).map(
    ({ service, slot, offsetMicros }) => ({
      ...emptySample(service, slot, OUTCOME.good, REASON.ok),
      startMicros: offsetMicros + drawnBelow(5_000, 'lag', epoch, seat, service, slot),
      resolveMicros: 800,
      connectMicros: 1_000 + drawnBelow(500, 'connect', epoch, seat, service, slot),
      firstByteMicros: 4_000,
      transferMicros: 250,
      totalMicros: 6_000 + drawnBelow(40_000, 'total', epoch, seat, service, slot),
      stallMicros: drawnBelow(300, 'stall', epoch, seat, service, slot),
      statusCode: 200,
      address: concat(new Uint8Array(10), Uint8Array.of(255, 255, 192, 0, 2, 1 + service)),
      ...sampleOf({ epoch, seat, service, slot }),
    }),
  );
  return {
    protocolVersion: context.parameters.protocolVersion,
    chainId: DOMAIN.chainId,
    oracle: DOMAIN.oracle,
    epoch,
    setId: context.set.id,
    parametersId: parametersId(context.parameters),
    watcher,
    vrfProof,
    clockErrorMicros: 1_500,
    stallMaxMicros: 300,
    stallTotalMicros: 900,
    selfTestP99Micros: 120,
    controlsGood: 8,
    controlsBad: 1,
    samples,
  };
}

export function countedOf(context: EpochContext, batch: Batch, seat: number): Counted {
  const hash = batchHash(encodeBatch(batch));
  const commitment = commitmentOf(context.epoch, batch.watcher, hash, SALT);
  return { observation: { seat, watcher: batch.watcher, batchHash: hash, commitment }, batch };
}

/** The batches of these seats, ascending. */
export function countedBy(context: EpochContext, seats: readonly number[], sampleOf?: SampleOf): Counted[] {
  return seats.map((seat) => countedOf(context, batchOf(context, seat, sampleOf), seat));
}

/** Four reports: seat 3 is missing in epoch 1, epoch 3 has no report. */
export const SMALL_PLAN: readonly { epoch: number; seats: readonly number[] }[] = [
  { epoch: 0, seats: [0, 1, 2, 3] },
  { epoch: 1, seats: [0, 1, 2] },
  { epoch: 2, seats: [0, 1, 2, 3] },
  { epoch: 4, seats: [1, 2, 3] },
];

/** A deterministic stand-in for a signature: 48 bytes. */
export function signatureOf(name: string): Uint8Array {
  return concat(drawn('signature', name), bigEndian(fromBigEndian(drawn(name)) >> 128n, 16));
}
