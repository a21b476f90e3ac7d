import { createServer } from 'node:http';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { CONSENT_MILLIS, CONSENT_PATH, createConsentBook } from '../../../node/probe/consent.ts';
import { createControls } from '../../../node/probe/control.ts';
import { createProber, PROBES } from '../../../node/probe/engine.ts';
import type { Probe } from '../../../node/probe/kind.ts';
import { targetsOf } from '../../../node/probe/load.ts';
import { type Assignment, assignedTo, assignmentOf, drawOf, owedBy } from '../../../protocol/assigned.ts';
import { slotsOf } from '../../../protocol/assignment.ts';
import { COMMITTEE_WATCHERS_MAX } from '../../../protocol/committee.ts';
import { REASON } from '../../../protocol/reason.ts';
import { SERVICE_KIND, type Service } from '../../../protocol/service.ts';
import type { WatcherSet } from '../../../protocol/set.ts';
import { manualClock } from './manual-clock.ts';
import { serve, toolsFor } from './raw-server.ts';
import { PROVIDER, SERVICE_ID } from './target-fixture.ts';

const EPOCH_SECONDS = 6;
const SLOTS = 3;
const EPOCHS = 2;
const STEP_MILLIS = 100;

function bytes32(index: number): Uint8Array {
  const bytes = new Uint8Array(32);
  new DataView(bytes.buffer).setUint32(28, index + 1);
  return bytes;
}

function setOf(watchers: number): WatcherSet {
  const seat = { publicKey: new Uint8Array(96), stake: 1_000n, operator: '0x', operatorId: '0x', region: 0 };
  return { id: 0, seats: Array.from({ length: watchers }, (_, i) => ({ ...seat, seat: i, watcher: bytes32(i) })) };
}

function assignmentFor(set: WatcherSet, services: readonly Service[]): Assignment {
  return assignmentOf(set, set, drawOf(set, bytes32(7), services), []);
}

/** A provider that counts what arrives, and all the watchers of a set, each with its own schedule, consents and sockets. */
async function network(watchers: number, rate = '') {
  const count = { consents: 0, probes: 0 };
  const web = await serve(
    createServer((request, response) => {
      const isConsent = request.url === CONSENT_PATH;
      count[isConsent ? 'consents' : 'probes'] += 1;
      response.end(isConsent ? `${SERVICE_ID} ${PROVIDER}${rate}` : 'ok');
    }),
  );
  const blank = { method: '', expectedStatus: 200, bodyDigest: new Uint8Array(32), extra: new Uint8Array(0) };
  const id = Uint8Array.from(Buffer.from(SERVICE_ID.slice(2), 'hex'));
  const fixed = { id, provider: PROVIDER, kind: SERVICE_KIND.http, url: web.url };
  const service: Service = { ...blank, ...fixed, slotsPerEpoch: SLOTS, timeoutMillis: 2_000 };
  const set = setOf(watchers);
  const assignment = assignmentFor(set, [service]);
  const clock = manualClock();
  const [target] = targetsOf([service], assignment, EPOCH_SECONDS);
  // One for all, and nothing that ticks: what is counted here is requests, not time.
  const tools = {
    ...toolsFor(clock),
    stall: { watch: () => ({ worstMicros: () => 0, totalMicros: () => 0, stop: () => undefined }) },
  };
  let underWay = 0;
  const probe: Probe = async (...args) => {
    underWay += 1;
    return PROBES[SERVICE_KIND.http]!(...args).finally(() => {
      underWay -= 1;
    });
  };
  const probes = { [SERVICE_KIND.http]: probe };
  const log = { warn: () => undefined };
  const owing = set.seats.filter(({ watcher }) => owedBy(assignment, watcher)(service));
  const programs = owing.map(({ watcher }) => {
    const consent = createConsentBook(tools);
    return {
      watcher,
      consent,
      prober: createProber({ tools, consent, controls: createControls([], clock), log, probes }),
    };
  });

  /** One epoch of everybody; resolves with the reasons of all samples. */
  const epoch = async (number: number): Promise<number[]> => {
    const startUnixMillis = clock.now();
    const runs = await Promise.all(
      programs.map(async ({ watcher, consent, prober }, i) => {
        const owes = owedBy(assignment, watcher);
        await consent.refreshAll([target!]);
        const drawn = slotsOf([service], bytes32(1_000 * number + i), EPOCH_SECONDS, owes);
        const slots = drawn.map(({ service: index, slot, offsetMicros }) => {
          return { service: index, slot, atUnixMillis: startUnixMillis + offsetMicros / 1_000, target: target! };
        });
        return () => prober.run(slots, { startUnixMillis, endUnixMillis: startUnixMillis + 1_000 * EPOCH_SECONDS });
      }),
    );
    const samples = runs.map((run) => run());
    // Every slot begins within these steps; what is under way ends before time goes on.
    for (let millis = 0; millis < 1_000 * EPOCH_SECONDS - service.timeoutMillis; millis += STEP_MILLIS) {
      await clock.advance(STEP_MILLIS);
      while (underWay > 0) await nextTurn();
    }
    return (await Promise.all(samples)).flat().map(({ reason }) => reason);
  };
  const assigned = assignedTo(assignment, service).length;
  return { count, clock, assigned, target: target!, epoch, [Symbol.asyncDispose]: () => web[Symbol.asyncDispose]() };
}

describe('the load on a provider', () => {
  it.each([
    [4, 4],
    [64, 64],
    [512, 137],
  ])('of %i watchers is the slots of %i, and one consent a day from each', async (watchers, assigned) => {
    await using it = await network(watchers);
    expect(it.assigned).toBe(assigned);
    for (let number = 1; number <= EPOCHS; number++) {
      const reasons = await it.epoch(number);
      expect(reasons).toEqual(new Array(assigned * SLOTS).fill(REASON.ok));
      expect(it.count).toEqual({ probes: number * assigned * SLOTS, consents: assigned });
    }
    it.clock.jump(CONSENT_MILLIS);
    await it.epoch(EPOCHS + 1);
    expect(it.count.consents).toBe(2 * assigned);
  });

  it('is none when the provider consents to less than the whole network would send', async () => {
    const perMinute = (4 * SLOTS * 60) / EPOCH_SECONDS;
    await using enough = await network(4, ` max-per-minute ${perMinute}`);
    expect(enough.target.requestsPerMinute).toBe(perMinute);
    await enough.epoch(1);
    expect(enough.count.probes).toBe(4 * SLOTS);
    await using less = await network(4, ` max-per-minute ${perMinute - 1}`);
    expect(await less.epoch(1)).toEqual(new Array(4 * SLOTS).fill(REASON.noConsent));
    expect(less.count).toEqual({ probes: 0, consents: 4 });
  });

  it('has a bound that does not grow with the number of watchers', () => {
    const services = [{ id: bytes32(1), slotsPerEpoch: SLOTS }] as unknown as Service[];
    let most = 0;
    for (const watchers of [1, 64, 65, 72, 73, 193, 200, 512]) {
      const assignment = assignmentFor(setOf(watchers), services);
      most = Math.max(most, assignedTo(assignment, services[0]!).length);
    }
    expect(most).toBeLessThanOrEqual(COMMITTEE_WATCHERS_MAX);
  });
});
