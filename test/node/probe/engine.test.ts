import { createServer } from 'node:http';
import { describe, expect, it } from 'vitest';
import { type ConsentState, createConsentBook, grantedConsent } from '../../../node/probe/consent.ts';
import { createControls } from '../../../node/probe/control.ts';
import { createProber, type ProberOptions, type Slot } from '../../../node/probe/engine.ts';
import type { Probe } from '../../../node/probe/kind.ts';
import { blankResult, type ProbeResult } from '../../../node/probe/result.ts';
import { addressBytes } from '../../../platform/address.ts';
import { systemClock } from '../../../platform/clock.ts';
import { REASON, type Reason } from '../../../protocol/reason.ts';
import { OUTCOME, type Outcome, type Sample, SampleSsz } from '../../../protocol/sample.ts';
import { SERVICE_KIND } from '../../../protocol/service.ts';
import { manualClock } from './manual-clock.ts';
import { serve, toolsFor } from './raw-server.ts';
import { PROVIDER, SERVICE_ID, targetAt } from './target-fixture.ts';

const EPOCH_MILLIS = 4_000;

/** Probes that the test answers, on a clock that the test moves. */
function world(more: Partial<ProberOptions> = {}) {
  const clock = manualClock();
  const running: { url: string; startedMillis: number; finish(result: Partial<ProbeResult>): void }[] = [];
  const warnings: string[] = [];
  const probe: Probe = (_tools, target, signal) => {
    const { promise, resolve } = Promise.withResolvers<ProbeResult>();
    const blank = { ...blankResult(REASON.ok, ''), startMicros: clock.monotonicMicros(), statusCode: 200 };
    const finish = (result: Partial<ProbeResult>) => resolve({ ...blank, ...result });
    running.push({ url: target.url, startedMillis: clock.monotonicMicros() / 1_000, finish });
    signal.addEventListener('abort', () => finish({ reason: REASON.cutOff }));
    return promise;
  };
  const prober = createProber({
    tools: toolsFor(clock),
    consent: grantedConsent(),
    controls: createControls([], clock),
    log: { warn: (_fields, message) => warnings.push(message) },
    probes: { [SERVICE_KIND.http]: probe },
    ...more,
  });
  const start = clock.now();
  const epoch = { startUnixMillis: start, endUnixMillis: start + EPOCH_MILLIS };
  const slotAt = (slot: number, millis: number, service = 0): Slot => {
    return { service, slot, atUnixMillis: start + millis, target: targetAt(`http://s${service}.example/${slot}`) };
  };
  return { clock, running, warnings, prober, epoch, slotAt };
}

/** Controls that always answer. */
const well = createControls([], manualClock());

const outcomes = (samples: readonly Sample[]): [Outcome, number][] =>
  samples.map((sample) => [sample.outcome, sample.reason]);

describe('the prober', () => {
  it('starts each slot at its time although earlier ones still run', async () => {
    const { clock, running, prober, epoch, slotAt } = world();
    const run = prober.run([slotAt(0, 100), slotAt(1, 200), slotAt(2, 300)], epoch);
    await clock.advance(300);
    expect(running.map((probe) => probe.startedMillis)).toEqual([100, 200, 300]);
    for (const probe of running.toReversed()) probe.finish({ totalMicros: 7_000 });
    const samples = await run;
    expect(samples.map((sample) => sample.slot)).toEqual([0, 1, 2]);
    expect(samples.map((sample) => sample.startMicros)).toEqual([100_000, 200_000, 300_000]);
    expect(outcomes(samples)).toEqual(new Array(3).fill([OUTCOME.good, REASON.ok]));
    expect(samples[0]?.totalMicros).toBe(7_000);
  });

  it('ends as soon as the last slot has its sample, with no timer left', async () => {
    const { clock, running, prober, epoch, slotAt } = world();
    const run = prober.run([slotAt(0, 10)], epoch);
    await clock.advance(20);
    running[0]?.finish({});
    await run;
    expect(clock.now() - epoch.startUnixMillis).toBe(20);
    await clock.advance(2 * EPOCH_MILLIS);
  });

  it('has nothing to do without slots', async () => {
    const { prober, epoch } = world();
    expect(await prober.run([], epoch)).toEqual([]);
  });

  it('makes samples that fit the wire', async () => {
    const { clock, running, prober, epoch, slotAt } = world();
    const run = prober.run([slotAt(0, 10), slotAt(1, 3_999)], epoch);
    await clock.advance(20);
    running[0]?.finish({ body: Buffer.from('x'), detail: 'y' });
    await clock.advance(EPOCH_MILLIS);
    for (const sample of await run) {
      expect(SampleSsz.deserialize(SampleSsz.serialize(sample))).toEqual(sample);
      expect(Object.keys(sample).sort()).toEqual(Object.keys(SampleSsz.fields).sort());
    }
  });

  it('gives slots over the concurrency cap a fault of the watcher', async () => {
    const { clock, running, prober, epoch, slotAt } = world({ probesMax: 2 });
    const run = prober.run([slotAt(0, 10), slotAt(1, 10), slotAt(2, 10), slotAt(3, 50)], epoch);
    await clock.advance(20);
    running[0]?.finish({});
    await clock.advance(50);
    for (const probe of running) probe.finish({});
    expect(outcomes(await run)).toEqual([
      [OUTCOME.good, REASON.ok],
      [OUTCOME.good, REASON.ok],
      [OUTCOME.watcherFault, REASON.overload],
      [OUTCOME.good, REASON.ok],
    ]);
  });

  it('cuts running probes off at the end of the epoch without accusing anybody', async () => {
    const { clock, running, prober, epoch, slotAt } = world();
    const run = prober.run([slotAt(0, 3_900), slotAt(1, EPOCH_MILLIS + 5)], epoch);
    await clock.advance(EPOCH_MILLIS);
    expect(running.length).toBe(1);
    expect(outcomes(await run)).toEqual([
      [OUTCOME.unknown, REASON.cutOff],
      [OUTCOME.watcherFault, REASON.startedLate],
    ]);
  });

  it('gives every slot a sample at shutdown too', async () => {
    const { clock, running, prober, epoch, slotAt } = world();
    const abort = new AbortController();
    const run = prober.run([slotAt(0, 10), slotAt(1, 20), slotAt(2, 500)], { ...epoch, signal: abort.signal });
    await clock.advance(30);
    running[0]?.finish({});
    await clock.advance(1);
    abort.abort();
    expect(outcomes(await run)).toEqual([
      [OUTCOME.good, REASON.ok],
      [OUTCOME.watcherFault, REASON.shutdown],
      [OUTCOME.watcherFault, REASON.shutdown],
    ]);
    const again = await prober.run([slotAt(0, 40)], { ...epoch, signal: abort.signal });
    expect(outcomes(again)).toEqual([[OUTCOME.watcherFault, REASON.shutdown]]);
  });

  it('does not probe a slot whose time is long gone', async () => {
    const { clock, running, prober, epoch, slotAt } = world();
    clock.jump(1_000);
    const run = prober.run([slotAt(0, 100), slotAt(1, 900)], epoch);
    await clock.advance(1);
    expect(running.length).toBe(1);
    running[0]?.finish({});
    expect(outcomes(await run)).toEqual([
      [OUTCOME.watcherFault, REASON.startedLate],
      [OUTCOME.good, REASON.ok],
    ]);
  });

  it.each<[ConsentState, Reason]>([
    ['absent', REASON.noConsent],
    ['unproven', REASON.consentUnproven],
  ])('sends no load without consent: %s', async (state, reason) => {
    const consent = { state: () => state, refreshAll: async () => undefined };
    const { clock, running, prober, epoch, slotAt } = world({ consent });
    const run = prober.run([slotAt(0, 10)], epoch);
    await clock.advance(20);
    expect(outcomes(await run)).toEqual([[OUTCOME.unknown, reason]]);
    expect(running).toEqual([]);
  });

  it('sends no load to a kind, method or time-out that it does not know', async () => {
    const { clock, running, prober, epoch, slotAt } = world();
    const odd = [{ kind: SERVICE_KIND.dns }, { method: 'POST' }, { timeoutMillis: 0 }];
    const slots = odd.map((more, i) => ({ ...slotAt(i, 10), target: targetAt('http://a.example/', more) }));
    const run = prober.run(slots, epoch);
    await clock.advance(20);
    expect(outcomes(await run)).toEqual(new Array(3).fill([OUTCOME.unknown, REASON.unsupported]));
    expect(running).toEqual([]);
  });

  it('accuses nobody while its controls fail', async () => {
    let healthy = true;
    const controls = { ...well, check: async () => healthy, healthySince: async () => healthy };
    const { clock, running, prober, epoch, slotAt } = world({ controls });
    const run = prober.run([slotAt(0, 10), slotAt(1, 20)], epoch);
    await clock.advance(30);
    running[0]?.finish({ reason: REASON.connectionRefused });
    await clock.advance(1);
    healthy = false;
    running[1]?.finish({ reason: REASON.connectionRefused });
    expect(outcomes(await run)).toEqual([
      [OUTCOME.bad, REASON.connectionRefused],
      [OUTCOME.watcherFault, REASON.controlsUnhealthy],
    ]);
  });

  it('asks the controls about failures only, from more than a period before the probe', async () => {
    const since: number[] = [];
    const controls = {
      ...well,
      healthySince: async (micros: number) => {
        since.push(micros);
        return true;
      },
    };
    const { clock, running, prober, epoch, slotAt } = world({ controls });
    const run = prober.run([slotAt(0, 10), slotAt(1, 20)], epoch);
    await clock.advance(30);
    running[0]?.finish({});
    running[1]?.finish({ statusCode: 500 });
    expect(outcomes(await run)[1]).toEqual([OUTCOME.bad, REASON.wrongStatus]);
    expect(since).toEqual([20_000 - 6_000_000]);
  });

  it('praises nobody either while its controls fail', async () => {
    const since: number[] = [];
    const wellSince = async (micros: number) => {
      since.push(micros);
      return micros > 10_000;
    };
    const { clock, running, prober, epoch, slotAt } = world({ controls: { ...well, wellSince } });
    const run = prober.run([slotAt(0, 10), slotAt(1, 20)], epoch);
    await clock.advance(30);
    for (const probe of running) probe.finish({ totalMicros: 7_000 });
    expect(outcomes(await run)).toEqual([
      [OUTCOME.watcherFault, REASON.controlsUnhealthy],
      [OUTCOME.good, REASON.ok],
    ]);
    expect(since).toEqual([10_000, 20_000]);
  });

  it('accuses nobody when the epoch ends before the controls have answered', async () => {
    const controls = { ...well, healthySince: () => new Promise<boolean>(() => undefined) };
    const { clock, running, prober, epoch, slotAt } = world({ controls });
    const run = prober.run([slotAt(0, 10)], epoch);
    await clock.advance(20);
    running[0]?.finish({ reason: REASON.timeout });
    await clock.advance(EPOCH_MILLIS);
    expect(outcomes(await run)).toEqual([[OUTCOME.unknown, REASON.cutOff]]);
  });

  it('takes the blame when unrelated providers fail together, decided by the end of the epoch', async () => {
    const { clock, running, prober, epoch } = world();
    const answer = (i: number, reason: Reason) => {
      running[i]!.finish({ reason, address: addressBytes(`10.${i % 4}.0.1`)! });
    };
    const slotsOf = (epochStart: number, spacing: number, rounds: number) =>
      Array.from({ length: 4 * rounds }, (_, i) => {
        const service = i % 4;
        const provider = `0x${service}`;
        const target = targetAt(`http://s${service}.example/`, { provider, serviceId: `${service}` });
        return { service, slot: Math.floor(i / 4), atUnixMillis: epochStart + 10 + i * spacing, target };
      });
    const before = prober.run(slotsOf(epoch.startUnixMillis, 50, 4), epoch);
    await clock.advance(EPOCH_MILLIS - 1);
    for (let i = 0; i < 16; i++) answer(i, REASON.ok);
    await clock.advance(1);
    expect(outcomes(await before)).toEqual(new Array(16).fill([OUTCOME.good, REASON.ok]));

    const [startUnixMillis, endUnixMillis] = [epoch.endUnixMillis, epoch.endUnixMillis + EPOCH_MILLIS];
    const run = prober.run(slotsOf(startUnixMillis, 50, 1), { startUnixMillis, endUnixMillis });
    await clock.advance(300);
    for (let i = 16; i < 19; i++) answer(i, REASON.connectionReset);
    answer(19, REASON.ok);
    await clock.advance(EPOCH_MILLIS);
    expect(outcomes(await run)).toEqual([
      ...new Array(3).fill([OUTCOME.watcherFault, REASON.correlatedFailure]),
      [OUTCOME.good, REASON.ok],
    ]);
  });

  it('takes the blame for a probe that throws', async () => {
    const probes = { [SERVICE_KIND.http]: () => Promise.reject(new Error('bug')) };
    const { clock, warnings, prober, epoch, slotAt } = world({ probes });
    const run = prober.run([slotAt(0, 10)], epoch);
    await clock.advance(20);
    expect(outcomes(await run)).toEqual([[OUTCOME.watcherFault, REASON.internal]]);
    expect(warnings).toEqual(['a probe threw']);
  });

  it('refuses an impossible schedule', () => {
    const { prober, epoch, slotAt } = world();
    const endless = { ...epoch, endUnixMillis: Number.POSITIVE_INFINITY };
    expect(() => prober.run([], endless)).toThrowError(expect.objectContaining({ code: 'probe-epoch' }));
    const slots = Array.from({ length: 8_193 }, (_, i) => slotAt(i, 1));
    expect(() => prober.run(slots, epoch)).toThrowError(expect.objectContaining({ code: 'probe-slots' }));
  });

  it('measures real servers in real time: one good, one failing, one without consent', async () => {
    const consents = (request: { url?: string | undefined }) => request.url === '/.well-known/plumbline';
    const serverOf = (status: number, text: string) =>
      serve(createServer((request, response) => response.writeHead(consents(request) ? 200 : status).end(text)));
    const line = `${SERVICE_ID} ${PROVIDER}`;
    await using good = await serverOf(200, line);
    await using failing = await serverOf(500, line);
    await using foreign = await serverOf(200, 'hello');
    const clock = systemClock();
    const tools = toolsFor(clock);
    const targets = [good, failing, foreign].map((server) => targetAt(server.url));
    const consent = createConsentBook(tools);
    await consent.refreshAll(targets);
    const controls = createControls([{ address: '127.0.0.1', port: good.port }], clock);
    const prober = createProber({ tools, consent, controls, log: { warn: () => undefined } });
    const now = clock.now();
    const slots = targets.map((target, service) => ({ service, slot: 0, atUnixMillis: now + 10 * service, target }));
    const samples = await prober.run(slots, { startUnixMillis: now, endUnixMillis: now + 20_000 });
    expect(outcomes(samples)).toEqual([
      [OUTCOME.good, REASON.ok],
      [OUTCOME.bad, REASON.wrongStatus],
      [OUTCOME.unknown, REASON.noConsent],
    ]);
    expect(samples[0]?.totalMicros).toBeGreaterThan(0);
  });
});
