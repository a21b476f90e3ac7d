import { createServer } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import type { Slot } from '../../../../node/probe/engine.ts';
import {
  type ProberThread,
  type ProberThreadOptions,
  STARTS_PER_MINUTE_MAX,
  startProberThread,
} from '../../../../node/probe/worker/prober.ts';
import { systemClock } from '../../../../platform/clock.ts';
import { createMetrics } from '../../../../platform/metrics.ts';
import { REASON } from '../../../../protocol/reason.ts';
import { ABSENT_MICROS, OUTCOME, type Sample } from '../../../../protocol/sample.ts';
import { serve } from '../raw-server.ts';
import { PROVIDER, SERVICE_ID, targetAt } from '../target-fixture.ts';

const clock = systemClock();
let thread: ProberThread | undefined;
afterEach(() => thread?.stop());

const SETTINGS = { allowLoopback: true, secondResolvers: [], controls: [], controlNames: [], references: [] };

type Line = { level: string; message: string };

async function started(more: Partial<ProberThreadOptions> = {}) {
  const lines: Line[] = [];
  const at = (level: string) => (_fields: object, message: string) => lines.push({ level, message });
  const log = { info: at('info'), warn: at('warn'), error: at('error') };
  const metrics = createMetrics();
  thread = await startProberThread({ settings: SETTINGS, clock, log, metrics, ...more });
  return { thread, lines, metrics };
}

const broken = (mode: string) => {
  return { entry: new URL('./broken.ts', import.meta.url), settings: { ...SETTINGS, mode } };
};

/** A provider that consents, answers `ok`, and counts. */
async function provider() {
  let probes = 0;
  const server = await serve(
    createServer((request, response) => {
      if (request.url === '/.well-known/plumbline') return response.end(`${SERVICE_ID} ${PROVIDER}\n`);
      probes += 1;
      response.end('ok');
    }),
  );
  return { server, probes: () => probes };
}

const slotsAt = (url: string, startMillis: number, count: number, everyMillis: number): Slot[] =>
  Array.from({ length: count }, (_, slot) => {
    return { service: 3, slot, atUnixMillis: startMillis + slot * everyMillis, target: targetAt(url) };
  });
const reasons = (samples: readonly Sample[]) => [...new Set(samples.map(({ reason }) => reason))];

describe('the prober in its thread', () => {
  it('probes what it is given, and says how well it was', async () => {
    const { server, probes } = await provider();
    await using _ = server;
    const { thread, lines, metrics } = await started();
    await thread.consent.refreshAll([targetAt(server.url)]);
    const now = clock.now();
    const slots = slotsAt(server.url, now + 50, 5, 10);
    const run = thread.prober.run(slots, { startUnixMillis: now, endUnixMillis: now + 5_000 });
    const samples = await run;
    expect(reasons(samples)).toEqual([REASON.ok]);
    expect(samples.map(({ service, slot }) => [service, slot])).toEqual([0, 1, 2, 3, 4].map((slot) => [3, slot]));
    expect(probes()).toBe(5);
    for (const sample of samples) {
      expect(sample.outcome).toBe(OUTCOME.good);
      expect(sample.totalMicros).toBe(sample.connectMicros + sample.firstByteMicros + sample.transferMicros);
    }
    const { stallMaxMicros, stallTotalMicros, selfTestP99Micros } = thread.vitals();
    expect(stallTotalMicros).toBeGreaterThanOrEqual(stallMaxMicros);
    // The first test runs before the first order is read.
    expect(selfTestP99Micros).toBeLessThan(ABSENT_MICROS);
    expect(await metrics.render()).toMatch(/plumbline_prober_error_seconds_count [1-9]/);
    expect(await metrics.render()).toMatch(/plumbline_probe_start_lag_seconds_count 5/);
    expect(lines.filter(({ level }) => level === 'info')).toEqual([{ level: 'info', message: 'probed' }]);
  });

  it('refuses an impossible schedule at once, as the prober inside does', async () => {
    const { thread } = await started(broken('idle'));
    const endless = { startUnixMillis: 0, endUnixMillis: 1e9 };
    expect(() => thread.prober.run([], endless)).toThrowError(expect.objectContaining({ code: 'probe-epoch' }));
  });

  it('ends a run at once when it is told to, with a sample for every slot', async () => {
    const { thread } = await started();
    const abort = new AbortController();
    const now = clock.now();
    const slots = slotsAt('http://127.0.0.1:9/', now + 20_000, 3, 10);
    const run = thread.prober.run(slots, { startUnixMillis: now, endUnixMillis: now + 60_000, signal: abort.signal });
    abort.abort();
    expect(reasons(await run)).toEqual([REASON.shutdown]);
  });

  it.each(['throw', 'junk', 'short'])(
    'replaces a thread that breaks (%s) and blames itself for what was due',
    async (mode) => {
      const { thread, lines } = await started(broken(mode));
      const now = clock.now();
      const slots = slotsAt('http://127.0.0.1:9/', now - 10, 2, 1);
      const samples = await thread.prober.run(slots, { startUnixMillis: now - 20, endUnixMillis: now + 30_000 });
      expect(samples.map(({ outcome, reason }) => [outcome, reason])).toEqual(
        new Array(2).fill([OUTCOME.watcherFault, REASON.proberLost]),
      );
      expect(lines).toContainEqual({ level: 'error', message: 'the probing thread ended' });
      // The replacement answers.
      await thread.consent.refreshAll([targetAt('http://127.0.0.1:9/')]);
    },
  );

  it('gives up a thread that hangs soon after the end of the epoch', async () => {
    const { thread } = await started(broken('hang'));
    const now = clock.now();
    const run = thread.prober.run(slotsAt('http://127.0.0.1:9/', now, 1, 1), {
      startUnixMillis: now - 10,
      endUnixMillis: now + 100,
    });
    expect(reasons(await run)).toEqual([REASON.proberLost]);
  });

  it('does not start a thread that keeps breaking more often than the bound', async () => {
    const { thread, lines } = await started(broken('throw'));
    const now = clock.now();
    // Each slot in the far future is asked of the replacement, which breaks at once.
    const slots = slotsAt('http://127.0.0.1:9/', now + 20_000, 2, 1);
    const samples = await thread.prober.run(slots, { startUnixMillis: now, endUnixMillis: now + 30_000 });
    expect(reasons(samples)).toEqual([REASON.proberLost]);
    expect(lines.filter(({ message }) => message === 'the probing thread ended')).toHaveLength(STARTS_PER_MINUTE_MAX);
    const again = await thread.prober.run(slots, { startUnixMillis: now, endUnixMillis: now + 30_000 });
    expect(reasons(again)).toEqual([REASON.proberLost]);
    expect(lines.at(-1)?.message).toContain('no samples until a minute is over');
  });

  it('says so when the thread does not come up', async () => {
    await expect(started(broken('start'))).rejects.toMatchObject({ code: 'probe-worker' });
  });
});
