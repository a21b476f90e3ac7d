import type { ProberThread } from '../../../node/probe/worker/prober.ts';
import { ABSENT_MICROS } from '../../../protocol/sample.ts';
import { type Row, skippedRow, timeRow } from '../measure.ts';
import { IDLE, type Load, verifying } from './load.ts';
import { blackbox, curl, ours, type Pair, type Seen } from './sides.ts';
import { has, type Tools } from './tools.ts';

/** A fifth of a millisecond is 1 % of an answer in 20 ms, less than the width of a histogram's bucket (1.6 %). */
const ERROR_P50_MILLIS = 0.2;
/** Rounds of each side in turn, so that what else the machine does meets both. */
const ROUNDS = 4;
/** Seconds of a round: 2,000 and 10,000 samples a side. Of half as many p99 at 50 a second was one probe in a hundred of 1,000, and went up and down by a half. */
const SECONDS: Readonly<Record<number, number>> = { 50: 10, 500: 5 };
/** blackbox_exporter's connections: no probe waits for a free one. */
const CLIENTS = 256;
const CURL_PROBES = 400;

export function quantileMillis(micros: readonly number[], q: number): number {
  const sorted = [...micros].sort((a, b) => a - b);
  return (sorted[Math.ceil(sorted.length * q) - 1] ?? Number.NaN) / 1_000;
}

export const firstByteErrors = (pairs: readonly Pair[]) =>
  pairs.map((one) => Math.abs(one.firstByteMicros - one.trueMicros));
export const totalErrors = (pairs: readonly Pair[]) => pairs.map((one) => Math.abs(one.totalMicros - one.trueMicros));

/** Error of the time to first byte, beside blackbox_exporter's at the same rate and load, and beside curl's. */
export async function* accuracyRows(tools: Tools, thread: ProberThread): AsyncGenerator<Row> {
  const loads: readonly (readonly [string, Load])[] = [
    ['', IDLE],
    [', while verifying signatures', await verifying()],
  ];
  for (const [suffix, load] of loads) {
    load.start();
    for (const [rate, seconds] of Object.entries(SECONDS).map(([text, value]) => [Number(text), value] as const)) {
      const [mine, theirs] = await bothSides(tools, thread, rate, rate * seconds);
      const at = `first byte, ${rate} probes/s${suffix}`;
      const of = (seen: Seen, q: number) => quantileMillis(firstByteErrors(seen.pairs), q);
      yield timeRow(`${at}: error p50`, of(mine, 0.5), ERROR_P50_MILLIS, theirs && of(theirs, 0.5));
      // No worse than what operators have today, on the same machine in the same minute.
      yield timeRow(`${at}: error p99`, of(mine, 0.99), theirs && of(theirs, 0.99), theirs && of(theirs, 0.99));
    }
    yield* curlRows(tools, suffix);
    load.stop();
  }
  const { selfTestP99Micros } = thread.vitals();
  if (selfTestP99Micros !== ABSENT_MICROS) {
    yield timeRow('the prober about itself: self-test p99', selfTestP99Micros / 1_000, null, null);
  }
}

async function bothSides(
  tools: Tools,
  thread: ProberThread,
  rate: number,
  count: number,
): Promise<[Seen, Seen | null]> {
  const mine: Seen[] = [];
  const theirs: Seen[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    mine.push(await ours(tools, thread.prober, rate, count));
    if (tools.exporter !== undefined) theirs.push(await blackbox(tools, rate, count, CLIENTS));
  }
  return [joined(mine), theirs.length === 0 ? null : joined(theirs)];
}

function joined(seen: readonly Seen[]): Seen {
  const sum = (of: (one: Seen) => number) => seen.reduce((total, one) => total + of(one), 0);
  return {
    pairs: seen.flatMap(({ pairs }) => pairs),
    lost: sum(({ lost }) => lost),
    seconds: sum(({ seconds }) => seconds),
  };
}

async function* curlRows(tools: Tools, suffix: string): AsyncGenerator<Row> {
  const name = `for comparison, curl -w, one after the other${suffix}`;
  if (!has('curl')) return yield skippedRow(name, 'ms', 'curl is not installed');
  const errors = firstByteErrors((await curl(tools, CURL_PROBES)).pairs);
  yield timeRow(`${name}: error p50`, quantileMillis(errors, 0.5), null, null);
  yield timeRow(`${name}: error p99`, quantileMillis(errors, 0.99), null, null);
}
