import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  BURST_BODY_BYTES_MAX,
  BURST_LATE_MICROS_MAX,
  type BurstRequest,
  burstProbe,
  judgeBurst,
} from '../../../node/probe/burst.ts';
import { grantedConsent } from '../../../node/probe/consent.ts';
import { createProber, httpProbe } from '../../../node/probe/engine.ts';
import type { ServiceTarget } from '../../../node/probe/target.ts';
import { burstMicros, burstRequests } from '../../../protocol/burst.ts';
import { REASON } from '../../../protocol/reason.ts';
import { ABSENT_BURST, OUTCOME } from '../../../protocol/sample.ts';
import { toolsFor } from './raw-server.ts';
import { targetAt } from './target-fixture.ts';

const TIMEOUT_MICROS = 1_000_000;

/** A burst of a rate as it would have gone, with the latencies of its answers. */
function went(rate: number, latencyMicros: (i: number) => number | undefined, over: Partial<BurstRequest> = {}) {
  return Array.from({ length: burstRequests(rate) }, (_, i): BurstRequest => {
    const dueMicros = 5_000_000 + Math.floor((i * 1_000_000) / rate);
    const latency = latencyMicros(i);
    const doneMicros = latency === undefined ? undefined : dueMicros + latency;
    return { dueMicros, startMicros: dueMicros, doneMicros, stallMicros: 0, isJudged: true, ...over };
  });
}
/** One after the other, each taking 1 / served: the i-th waits for those before it. */
const queued = (rate: number, served: number) => (i: number) =>
  20_000 + Math.max(0, Math.round(i * (1_000_000 / served - 1_000_000 / rate)));

const rates = fc.integer({ min: 20, max: 2_000 });

describe('a burst that kept its schedule', () => {
  it('is met at any latency within the time-out, as long as that does not grow', () => {
    fc.assert(
      fc.property(
        rates,
        fc.integer({ min: 0, max: 900_000 }),
        fc.array(fc.integer({ min: 0, max: 50_000 })),
        (rate, base, jitter) => {
          const requests = went(rate, (i) => base + (jitter[i % Math.max(1, jitter.length)] ?? 0));
          expect(judgeBurst(requests, TIMEOUT_MICROS)).toBe(1);
        },
      ),
    );
  });

  it('is missed by a service that serves less than the slack allows, and met by one that serves the rate', () => {
    fc.assert(
      fc.property(rates, (rate) => {
        const part = Math.max(burstMicros(rate) / 4, 50_000) / burstMicros(rate);
        expect(judgeBurst(went(rate, queued(rate, (0.97 * rate) / (1 + part))), 20 * TIMEOUT_MICROS)).toBe(0);
        expect(judgeBurst(went(rate, queued(rate, rate)), TIMEOUT_MICROS)).toBe(1);
        expect(judgeBurst(went(rate, queued(rate, 2 * rate)), TIMEOUT_MICROS)).toBe(1);
      }),
    );
  });

  it('tells 75 % of 100/s and half of 1,000/s from all of it', () => {
    expect(judgeBurst(went(100, queued(100, 75)), TIMEOUT_MICROS)).toBe(0);
    expect(judgeBurst(went(1_000, queued(1_000, 500)), TIMEOUT_MICROS)).toBe(0);
  });

  it('times answers from the moment that they were due: a late start is no excuse for the service', () => {
    // The stall of a server in the middle: every request due in it waits, also those that a closed loop would not have sent.
    const stalls = (i: number) => (i >= 30 && i < 90 ? 10_000 * (90 - i) + 600_000 : 5_000);
    expect(judgeBurst(went(100, stalls), TIMEOUT_MICROS)).toBe(0);
  });

  it('forgives one answer in a hundred, and not two', () => {
    for (const [failed, met] of [
      [[50], 1],
      [[50, 60], 0],
    ] as const) {
      expect(
        judgeBurst(
          went(100, (i) => ((failed as readonly number[]).includes(i) ? undefined : 9_000)),
          TIMEOUT_MICROS,
        ),
      ).toBe(met);
      expect(
        judgeBurst(
          went(100, (i) => ((failed as readonly number[]).includes(i) ? TIMEOUT_MICROS + 1 : 9_000)),
          TIMEOUT_MICROS,
        ),
      ).toBe(met);
    }
  });
});

describe('a burst that the watcher did not keep', () => {
  it('says nothing, whether its answers were good or none came', () => {
    const late = { startMicros: 5_000_000 + 2_000_000 };
    const ways: Partial<BurstRequest>[] = [late, { stallMicros: BURST_LATE_MICROS_MAX + 1 }, { isJudged: false }];
    for (const over of ways) {
      for (const latency of [5_000, undefined]) {
        const requests = went(100, () => latency);
        requests[40] = { ...requests[40]!, ...over };
        expect(judgeBurst(requests, TIMEOUT_MICROS)).toBe(ABSENT_BURST);
      }
    }
    expect(judgeBurst([], TIMEOUT_MICROS)).toBe(ABSENT_BURST);
  });
});

/** A server in a thread of its own that begins `perSecond` answers a second, one after the other, each `millis` after. */
const SERVER = `
const { createServer } = require('node:http');
const { parentPort, workerData: { perSecond, bodyBytes } } = require('node:worker_threads');
let free = 0;
let count = 0;
const server = createServer((request, response) => {
  if (request.url === '/count') return response.end(String(count));
  count++;
  free = Math.max(free, performance.now()) + 1000 / perSecond;
  setTimeout(() => response.end('x'.repeat(bodyBytes)), free - performance.now());
});
server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));
`;

async function limited(perSecond: number, bodyBytes = 2) {
  const worker = new Worker(SERVER, { eval: true, workerData: { perSecond, bodyBytes } });
  const [port] = (await once(worker, 'message')) as [number];
  const url = `http://127.0.0.1:${port}/`;
  return {
    url,
    count: async () => Number(await (await fetch(`${url}count`)).text()),
    [Symbol.asyncDispose]: async () => void (await worker.terminate()),
  };
}

const RATE = 100;
const TRIES_MAX = 12;
const aim = (url: string, over: Partial<ServiceTarget> = {}) =>
  targetAt(url, { timeoutMillis: 2_000, burstRate: RATE, ...over });
const never = new AbortController().signal;

/**
 * Bursts until one kept its schedule, which a busy machine does not always do, and the last one's result. Where none did, all that
 * is held is that none was judged; `judgeBurst` above is what says when one is.
 */
async function untilKept(target: ServiceTarget) {
  let result = await burstProbe(toolsFor(), target, never);
  for (let i = 1; i < TRIES_MAX && result.burst === ABSENT_BURST; i++) {
    result = await burstProbe(toolsFor(), target, never);
  }
  return { ...result, wasKept: result.burst !== ABSENT_BURST };
}

describe('a real burst', () => {
  it('is met by a server that is faster than the rate, and is as many requests as it says', async () => {
    await using server = await limited(1_000);
    const result = await untilKept(aim(server.url));
    expect(result).toMatchObject({ reason: REASON.ok, statusCode: 200 });
    if (result.wasKept) expect(result.burst).toBe(1);
    expect((await server.count()) % burstRequests(RATE)).toBe(0);
    // The sample's own latency is the first request's, which met no load.
    if (result.wasKept) expect(result.totalMicros).toBeLessThan(burstMicros(RATE) / 2);
  });

  it('is missed by a server that serves 60 % of the rate, though every answer is good and in time', async () => {
    await using server = await limited(0.6 * RATE);
    const result = await untilKept(aim(server.url));
    expect(result.reason).toBe(REASON.ok);
    if (result.wasKept) expect(result.burst).toBe(0);
  });

  it('never is missed because the watcher itself stood still', async () => {
    await using server = await limited(1_000);
    const running = burstProbe(toolsFor(), aim(server.url), never);
    const { promise, resolve } = Promise.withResolvers<void>();
    setTimeout(() => {
      const until = performance.now() + 700;
      while (performance.now() < until);
      resolve();
    }, 50);
    await promise;
    expect((await running).burst).toBe(ABSENT_BURST);
  });

  it('of answers that would fill the watcher’s own line says nothing', async () => {
    await using server = await limited(1_000, BURST_BODY_BYTES_MAX + 1);
    expect(await burstProbe(toolsFor(), aim(server.url), never)).toMatchObject({
      burst: ABSENT_BURST,
      reason: REASON.ok,
    });
  });

  it('asks a resolver once', async () => {
    await using server = await limited(1_000);
    let asked = 0;
    const tools = toolsFor();
    const resolve = async () => {
      asked++;
      return { kind: 'addresses' as const, addresses: ['127.0.0.1'] };
    };
    const url = server.url.replace('127.0.0.1', 'service.example');
    await burstProbe({ ...tools, resolvers: { first: { resolve }, second: undefined } }, aim(url), never);
    expect(asked).toBe(1);
  });
});

describe('in the prober', () => {
  const run = async (url: string, options: { probesMax?: number; healthy?: boolean; burstRate?: number } = {}) => {
    const { probesMax, healthy = true, burstRate = RATE } = options;
    const tools = toolsFor();
    const now = tools.clock.now();
    const prober = createProber({
      tools,
      consent: grantedConsent(),
      controls: {
        check: async () => healthy,
        healthySince: async () => healthy,
        wellSince: async () => healthy,
        accompany: () => undefined,
      },
      log: { warn: () => undefined },
      probes: { 0: httpProbe },
      ...(probesMax === undefined ? {} : { probesMax }),
    });
    const target = { ...aim(url), burstRate };
    const [sample] = await prober.run([{ service: 0, slot: 0, atUnixMillis: now, target }], {
      startUnixMillis: now,
      endUnixMillis: now + 20_000,
    });
    return sample!;
  };

  it('a burst that does not fit beside what runs is an ordinary probe', async () => {
    await using server = await limited(1_000);
    expect(await run(server.url, { probesMax: burstRequests(RATE) - 1 })).toMatchObject({
      outcome: OUTCOME.good,
      burst: ABSENT_BURST,
    });
    expect(await server.count()).toBe(1);
  });

  it('a missed burst counts for nothing while the controls fail as well', async () => {
    await using server = await limited(0.5 * RATE);
    expect(await run(server.url, { healthy: false })).toMatchObject({
      outcome: OUTCOME.watcherFault,
      burst: ABSENT_BURST,
    });
    expect(await server.count()).toBe(burstRequests(RATE));
  });
});
