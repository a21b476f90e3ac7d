import { encodeAbiParameters, parseAbiParameters } from 'viem';
import { describe, expect, it } from 'vitest';
import { everyone } from '../../protocol/assigned.ts';
import { PROBING_MARGIN_MILLIS, slotsOf } from '../../protocol/assignment.ts';
import { checkBatch } from '../../protocol/batch.ts';
import {
  BURST_RATE_MAX,
  BURST_RATE_MIN,
  BURST_REQUESTS_MAX,
  burstMicros,
  burstRateOf,
  burstRequests,
  scheduleOf,
} from '../../protocol/burst.ts';
import { fromHex } from '../../protocol/bytes.ts';
import { MINIMAL } from '../../protocol/parameters.ts';
import { ABSENT_BURST } from '../../protocol/sample.ts';
import { SERVICE_KIND, type Service } from '../../protocol/service.ts';
import { batchOf, contextOf, drawn, SMALL_SERVICES } from '../../scripts/vectors/world.ts';

const extraOf = (rate: number) => fromHex(encodeAbiParameters(parseAbiParameters('uint32'), [rate]));
const withRate = (rate: number, over: Partial<Service> = {}): Service => ({
  ...SMALL_SERVICES[0]!,
  kind: SERVICE_KIND.http,
  slotsPerEpoch: 20,
  timeoutMillis: 800,
  extra: extraOf(rate),
  ...over,
});

describe('the registered rate', () => {
  it('is what contracts write into an http service’s extra, within what a watcher can send', () => {
    for (const rate of [BURST_RATE_MIN, 100, BURST_RATE_MAX]) expect(burstRateOf(withRate(rate))).toBe(rate);
    for (const rate of [0, BURST_RATE_MIN - 1, BURST_RATE_MAX + 1, 2 ** 32 - 1])
      expect(burstRateOf(withRate(rate))).toBe(0);
    expect(burstRateOf(withRate(100, { kind: SERVICE_KIND.jsonRpc }))).toBe(0);
    expect(burstRateOf(withRate(100, { extra: new Uint8Array([...extraOf(100), ...extraOf(0)]) }))).toBe(0);
    expect(burstRateOf(withRate(100, { extra: new Uint8Array(32).fill(0xff) }))).toBe(0);
  });

  it('makes a burst of a second, or of as many requests as may be open at once', () => {
    expect([burstRequests(100), burstMicros(100)]).toEqual([100, 990_000]);
    expect([burstRequests(1_000), burstMicros(1_000)]).toEqual([200, 199_000]);
    for (let rate = BURST_RATE_MIN; rate <= BURST_RATE_MAX; rate++) {
      expect(burstRequests(rate)).toBeLessThanOrEqual(BURST_REQUESTS_MAX);
      expect(burstMicros(rate)).toBeLessThan(1_000_000);
    }
  });
});

const { set } = contextOf(5);
const SERVICES = [withRate(100), withRate(1_000), withRate(0)];
const proofOf = (name: string) => new Uint8Array([...drawn(name), ...drawn(name)].slice(0, 48));
const scheduleAt = (epoch: number, watcher: Uint8Array, services: readonly Service[] = SERVICES, epochSeconds = 4) =>
  scheduleOf({ epoch, services, assignment: everyone(set) }, watcher, proofOf(`${epoch} ${watcher}`), epochSeconds);

describe('bursts', () => {
  it('are one in each epoch and service, the watchers taking turns, and not of all services at once', () => {
    const watchers = set.seats.map(({ watcher }) => watcher);
    const turns = new Map<number, number>();
    for (let epoch = 0; epoch < 3 * watchers.length; epoch++) {
      for (const service of [0, 1, 2]) {
        const sending = watchers.flatMap((watcher, i) => {
          const bursts = scheduleAt(epoch, watcher).filter((slot) => slot.service === service && slot.burstRate);
          expect(bursts.length).toBeLessThanOrEqual(1);
          return bursts.length === 0 ? [] : [i];
        });
        expect(sending).toHaveLength(service === 2 ? 0 : 1);
        for (const i of sending) turns.set(i, (turns.get(i) ?? 0) + 1);
      }
    }
    expect([...turns.values()]).toEqual(watchers.map(() => 6));
  });

  it('are drawn by the VRF among the slots from which they end in time, and change no slot', () => {
    const [{ watcher } = { watcher: new Uint8Array() }] = set.seats;
    const seen = new Set<number>();
    for (let epoch = 0; epoch < 200; epoch++) {
      const schedule = scheduleAt(epoch, watcher);
      const plain = slotsOf(SERVICES, proofOf(`${epoch} ${watcher}`), 4);
      expect(schedule.map(({ burstRate: _burstRate, ...slot }) => slot)).toEqual(plain);
      for (const { service, slot, offsetMicros, burstRate } of schedule) {
        if (burstRate === undefined) continue;
        expect(burstRate).toBe(service === 0 ? 100 : 1_000);
        const lastMicros = 4_000_000 - 1_000 * (800 + PROBING_MARGIN_MILLIS);
        expect(offsetMicros + burstMicros(burstRate)).toBeLessThanOrEqual(lastMicros);
        seen.add(slot);
      }
    }
    expect(seen.size).toBeGreaterThan(10);
  });

  it('are none where the epoch is too short for them', () => {
    const tight = [withRate(100, { timeoutMillis: 2_500 })];
    for (let epoch = 0; epoch < 20; epoch++) {
      for (const { watcher } of set.seats) {
        expect(scheduleAt(epoch, watcher, tight).some(({ burstRate }) => burstRate)).toBe(false);
      }
    }
  });

  it('are said of their own slots alone', () => {
    const batch = batchOf(contextOf(5), 1, () => ({}));
    const slots = slotsOf(SMALL_SERVICES, batch.vrfProof, MINIMAL.epochSeconds);
    const check = (burst: number, burstRate?: number) => () => {
      const samples = batch.samples.with(2, { ...batch.samples[2]!, burst });
      const marked = burstRate === undefined ? slots : slots.with(2, { ...slots[2]!, burstRate });
      checkBatch({ ...batch, samples }, batch, marked);
    };
    expect(check(ABSENT_BURST)).not.toThrow();
    for (const burst of [0, 1]) {
      expect(check(burst)).toThrow('sample 2 is no burst');
      expect(check(burst, 100)).not.toThrow();
    }
    expect(check(2, 100)).toThrow('sample 2 is no burst');
  });
});
