import { readFileSync } from 'node:fs';
import type { ProberThread } from '../../../node/probe/worker/prober.ts';
import type { Row } from '../measure.ts';
import { quantileMillis, totalErrors } from './rows.ts';
import { blackbox, ours, type Seen } from './sides.ts';
import type { Tools } from './tools.ts';

/** A network of a thousand services probed every second; whoever has less needs less. */
const RATE_TARGET = 1_000;
/** Total error up to which a rate counts as kept: beyond it what is measured is the prober. */
const ERROR_P99_MILLIS = 2;
const RUNGS = [500, 750, 1_000, 1_250, 1_500, 2_000, 2_500] as const;
const SECONDS_A_RUNG = 2;
/** A rung that fails once may have met another program; a second time it is too high. */
const TRIES = 2;
const CLIENTS = 256;
/** Closed loops of blackbox_exporter: the best of these. */
const CLOSED_CLIENTS = [16, 64] as const;
const CLOSED_PROBES = 4_000;
/** The unit of processor time in /proc on every Linux. */
const TICKS_PER_SECOND = 100;

/** How many probes a second, each over a fresh connection, are measured well. */
export async function* throughputRows(tools: Tools, thread: ProberThread): AsyncGenerator<Row> {
  const mine = await climb((rate) => ours(tools, thread.prober, rate, rate * SECONDS_A_RUNG), ownSeconds);
  const { exporter } = tools;
  if (exporter === undefined) {
    yield rate(`probes/s of one thread, total error p99 < ${ERROR_P99_MILLIS} ms`, mine.rate, RATE_TARGET, null);
    return yield rate('probes a second of processor time', mine.perSecond, RATE_TARGET, null);
  }
  const seconds = () => processorSeconds(exporter.pid);
  const theirs = await climb((one) => blackbox(tools, one, one * SECONDS_A_RUNG, CLIENTS), seconds);
  yield rate(`probes/s of one thread, total error p99 < ${ERROR_P99_MILLIS} ms`, mine.rate, RATE_TARGET, theirs.rate);
  let closed = 0;
  let closedPerSecond = 0;
  for (const clients of CLOSED_CLIENTS) {
    const before = seconds();
    const seen = await blackbox(tools, 0, CLOSED_PROBES, clients);
    closed = Math.max(closed, seen.pairs.length / seen.seconds);
    closedPerSecond = Math.max(closedPerSecond, seen.pairs.length / (seconds() - before));
  }
  yield rate('probes a second of processor time', mine.perSecond, RATE_TARGET, closedPerSecond);
  yield rate('the same rate, beside all that blackbox_exporter does, however wrong', mine.rate, null, closed);
}

type Climbed = { rate: number; perSecond: number };

/** The highest rung that is kept, and the probes per second of processor time on it. */
async function climb(run: (rate: number) => Promise<Seen>, processor: () => number): Promise<Climbed> {
  let best: Climbed = { rate: 0, perSecond: 0 };
  for (const rung of RUNGS) {
    let kept = false;
    for (let tries = 0; tries < TRIES && !kept; tries++) {
      const before = processor();
      const seen = await run(rung);
      kept = seen.lost === 0 && quantileMillis(totalErrors(seen.pairs), 0.99) < ERROR_P99_MILLIS;
      if (kept) best = { rate: rung, perSecond: seen.pairs.length / (processor() - before) };
    }
  }
  return best;
}

/** Processor time of this process without its main thread: the prober, its self-test, and the garbage collector's helpers. */
function ownSeconds(): number {
  const [all, main] = [process.cpuUsage(), process.threadCpuUsage()];
  return (all.user + all.system - main.user - main.system) / 1e6;
}

function processorSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

function rate(name: string, value: number, target: number | null, baseline: number | null): Row {
  const ratio = baseline === null || baseline === 0 ? null : value / baseline;
  const holds = target === null || (value >= target && (baseline === null || value > baseline));
  return { name, value, unit: '1/s', target, baseline, ratio, holds };
}
