import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { burstProbe } from '../../../node/probe/burst.ts';
import { everyone } from '../../../protocol/assigned.ts';
import { scheduleOf } from '../../../protocol/burst.ts';
import { bigEndian, toHex } from '../../../protocol/bytes.ts';
import { METRIC } from '../../../protocol/metric.ts';
import { MINIMAL } from '../../../protocol/parameters.ts';
import { computeReport } from '../../../protocol/report.ts';
import { ABSENT_BURST } from '../../../protocol/sample.ts';
import { GENESIS_STATE, type State } from '../../../protocol/state.ts';
import { batchOf, contextOf, countedBy, SMALL_SET, serviceOfWorld } from '../../../scripts/vectors/world.ts';
import { toolsFor } from './raw-server.ts';
import { targetAt } from './target-fixture.ts';

/** Requests a second that both services promise. */
const RATE = 20;
/** What the slow one serves, one request after the other. */
const SERVED = 10;
const EPOCHS = 4;
const TRIES_MAX = 5;
const [PROMPT, SLOW] = [0, 1];

/** A real server; @param millisEach how long it works on one request before it begins the next */
async function serverOf(millisEach: number): Promise<string> {
  let free = performance.now();
  const server = createServer((_request, response) => {
    free = Math.max(free, performance.now()) + millisEach;
    setTimeout(() => response.end('ok'), Math.max(0, free - performance.now()));
  });
  onTestFinished(() => void server.close());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

test('a rate that is kept and one that is not reach the leaf of their window, from real bursts', async () => {
  const urls = [await serverOf(0), await serverOf(1_000 / SERVED)];
  const services = [PROMPT, SLOW].map((i) => ({ ...serviceOfWorld(i, 6), extra: bigEndian(RATE, 32) }));
  const assignment = everyone(SMALL_SET);
  const contexts = Array.from({ length: EPOCHS }, (_, epoch) => contextOf(epoch, { services }));

  // In each epoch one watcher sends the burst, in the slot that its proof draws; all of the prompt service's run side by side.
  const due = contexts.flatMap((context) =>
    SMALL_SET.seats.flatMap(({ seat, watcher }) => {
      const { vrfProof } = batchOf(context, seat);
      const facts = { epoch: context.epoch, services, assignment };
      return scheduleOf(facts, watcher, vrfProof, MINIMAL.epochSeconds)
        .filter(({ burstRate }) => burstRate !== undefined)
        .map(({ service, slot, burstRate }) => ({ epoch: context.epoch, seat, service, slot, burstRate }));
    }),
  );
  expect(due.map(({ service }) => service).sort()).toEqual([
    ...Array(EPOCHS).fill(PROMPT),
    ...Array(EPOCHS).fill(SLOW),
  ]);
  const bursts = new Map<string, number>();
  await Promise.all(
    due.map(async ({ epoch, seat, service, slot, burstRate }) => {
      const target = { ...targetAt(urls[service]!), burstRate: burstRate!, timeoutMillis: 5_000 };
      const probe = () => burstProbe(toolsFor(), target, new AbortController().signal);
      let { burst } = await probe();
      // Server and watcher share a loop here; one that stood still says nothing of the service, and asks again.
      for (let tries = 1; burst === ABSENT_BURST && tries < TRIES_MAX; tries++) ({ burst } = await probe());
      bursts.set(`${epoch} ${seat} ${service} ${slot}`, burst);
    }),
  );

  const burstAt = (key: string) => ({ burst: bursts.get(key) ?? ABSENT_BURST });
  let state: State = GENESIS_STATE;
  const reports = contexts.map((context) => {
    const seats = SMALL_SET.seats.map(({ seat }) => seat);
    const sampleOf = (at: { epoch: number; seat: number; service: number; slot: number }) =>
      burstAt(`${at.epoch} ${at.seat} ${at.service} ${at.slot}`);
    const report = computeReport(state, context, countedBy(context, seats, sampleOf));
    state = report.next;
    return report;
  });
  const throughput = services.map(({ id }) => {
    const leaf = reports
      .at(-1)!
      .leaves.find((one) => toHex(one.serviceId) === toHex(id) && one.windowEpochs === EPOCHS && one.vantage === 0)!;
    expect(leaf.conclusive).toBe(true);
    const { median, tail } = leaf.stats[METRIC.throughputPpm]!;
    return { median: median.value, tail: tail.value };
  });
  expect(throughput).toEqual([
    { median: 1_000_000, tail: 1_000_000 },
    { median: 0, tail: 0 },
  ]);
});
