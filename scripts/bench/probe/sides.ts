import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Prober, Slot } from '../../../node/probe/engine.ts';
import type { Sample } from '../../../protocol/sample.ts';
import { OUTCOME } from '../../../protocol/sample.ts';
import { SERVICE_KIND } from '../../../protocol/service.ts';
import { expectTrue } from '../measure.ts';
import type { Tools } from './tools.ts';

/** What one probe said and what was true; microseconds. */
export type Pair = {
  readonly port: number;
  readonly firstByteMicros: number;
  readonly totalMicros: number;
  readonly trueMicros: number;
};

/** A side's run: its pairs, and how many probes have none, for whatever reason. */
export type Seen = { readonly pairs: Pair[]; readonly lost: number; readonly seconds: number };

/** Everything is let go of before the next run: the slowest shape, and some. */
const LEAD_MILLIS = 500;
const TAIL_MILLIS = 1_500;
const TIMEOUT_MILLIS = 5_000;

export function targetAt(port: number) {
  return {
    kind: SERVICE_KIND.http,
    serviceId: `0x${'0'.repeat(64)}`,
    provider: `0x${'0'.repeat(40)}`,
    url: `http://127.0.0.1:${port}/`,
    method: 'GET',
    timeoutMillis: TIMEOUT_MILLIS,
    expectedStatus: 200,
    expectedBodyDigest: undefined,
  };
}

/** Ours: `count` slots over all ports in turn, at `rate` a second. */
export async function ours(tools: Tools, prober: Prober, rate: number, count: number): Promise<Seen> {
  await tools.truths();
  const targets = tools.ports.map(targetAt);
  const start = Date.now();
  const slots: Slot[] = Array.from({ length: count }, (_, i) => {
    const service = i % targets.length;
    const atUnixMillis = start + LEAD_MILLIS + (i * 1_000) / rate;
    return { service, slot: Math.floor(i / targets.length), atUnixMillis, target: targets[service]! };
  });
  const endUnixMillis = slots.at(-1)!.atUnixMillis + TAIL_MILLIS;
  const samples = await prober.run(slots, { startUnixMillis: start, endUnixMillis });
  const truths = await tools.truths();
  const reasons = new Map<number, number>();
  for (const { reason } of samples) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  const pairs = tools.ports.flatMap((_, port) => {
    // Requests of one port arrive in the order of their slots; what was not sent left no trace on either side.
    const sent = samples.filter((sample) => sample.service === port && sample.outcome === OUTCOME.good);
    const arrived = truths.filter((truth) => truth.port === port);
    expectTrue(
      sent.length === arrived.length,
      `${sent.length} good samples of ${arrived.length} requests to port ${port}; reasons ${[...reasons]}`,
    );
    return sent.map((sample, i) => pairOf(port, sample, arrived[i]!.micros));
  });
  return { pairs, lost: count - pairs.length, seconds: count / rate };
}

function pairOf(port: number, { firstByteMicros, totalMicros }: Sample, trueMicros: number): Pair {
  return { port, firstByteMicros, totalMicros, trueMicros };
}

/** blackbox_exporter's, asked at the same times; rate 0: as fast as `clients` askers get answers. */
export async function blackbox(tools: Tools, rate: number, count: number, clients: number): Promise<Seen> {
  await tools.truths();
  const urls = Array.from({ length: count }, (_, i) => `http://127.0.0.1:${tools.ports[i % tools.ports.length]}/${i}`);
  const answers = await tools.ask(urls, rate, clients);
  const seconds = Number(answers.pop()!.split(' ')[1]);
  const truths = new Map((await tools.truths()).map((truth) => [truth.id, truth]));
  const pairs = answers.flatMap((line) => {
    const [id, connect, processing, transfer, success] = line.split(' ').map(Number);
    const truth = truths.get(id!);
    if (success !== 1 || truth === undefined) return [];
    const totalMicros = (connect! + processing! + transfer!) * 1e6;
    return [{ port: truth.port, firstByteMicros: processing! * 1e6, totalMicros, trueMicros: truth.micros }];
  });
  return { pairs, lost: count - pairs.length, seconds };
}

/** curl's, one URL after the other in one process. */
export async function curl(tools: Tools, count: number): Promise<Seen> {
  await tools.truths();
  const urls = Array.from({ length: count }, (_, i) => `http://127.0.0.1:${tools.ports[i % tools.ports.length]}/${i}`);
  const format = '\n%{url_effective} %{time_pretransfer} %{time_starttransfer} %{time_total}\n';
  const begun = performance.now();
  const { stdout } = await promisify(execFile)('curl', ['-s', '-w', format, ...urls], { maxBuffer: 1 << 26 });
  const seconds = (performance.now() - begun) / 1_000;
  const truths = new Map((await tools.truths()).map((truth) => [truth.id, truth]));
  const pairs = [...stdout.matchAll(/\/(\d+) ([\d.]+) ([\d.]+) ([\d.]+)$/gm)].flatMap(
    ([, id, before, first, total]) => {
      const truth = truths.get(Number(id));
      if (truth === undefined) return [];
      const firstByteMicros = (Number(first) - Number(before)) * 1e6;
      return [{ port: truth.port, firstByteMicros, totalMicros: Number(total) * 1e6, trueMicros: truth.micros }];
    },
  );
  return { pairs, lost: count - pairs.length, seconds };
}
