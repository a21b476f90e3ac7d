import { burstMicros, burstRequests } from '../../protocol/burst.ts';
import { REASON } from '../../protocol/reason.ts';
import { ABSENT_BURST, OUTCOME } from '../../protocol/sample.ts';
import { type HttpRequest, probeHttp } from './http.ts';
import { outcomeOf, reasonOf } from './judge.ts';
import type { ProbeTools } from './line.ts';
import type { ProbeResult } from './result.ts';
import { resolveMillisMax, type ServiceTarget } from './target.ts';

/**
 * An open-loop burst: request i begins i / rate after the first, whatever became of the others, and its answer is timed from that
 * moment. What the sample says besides is the first request's: it meets the service as any other probe does, so that a burst
 * changes neither availability nor latency.
 */

/** Answers that may be missing or wrong: one in a hundred is availability, which is counted elsewhere. */
export const BURST_FAILED_PER = 100;
/** Larger answers would measure the watcher's own line: 1,000 of these a second are 131 Mbit/s. */
export const BURST_BODY_BYTES_MAX = 16 << 10;
/** Answers may end later than their requests by a quarter of the burst: it shows a service that serves less than 80 % of the rate, */
export const BURST_SLACK_PART = 4;
/** and by no less than the jitter of a long way, which in a short burst would look like a lower rate. */
export const BURST_SLACK_MICROS_MIN = 50_000;
/**
 * A request that begins later than this, or a loop that stands still for longer, and the burst says nothing of the service. Half of
 * the least slack: what is let pass here misses no burst alone.
 */
export const BURST_LATE_MICROS_MAX = BURST_SLACK_MICROS_MIN / 2;

const MICROS_PER_MILLI = 1_000;

/** One request of a burst, on the monotonic clock. */
export type BurstRequest = {
  readonly dueMicros: number;
  readonly startMicros: number;
  /** When a good answer was complete; undefined when none came. */
  readonly doneMicros: number | undefined;
  readonly stallMicros: number;
  /** Good or bad: the service's doing. Otherwise nobody can say, or it is the watcher's. */
  readonly isJudged: boolean;
};

/**
 * 1 met, 0 missed, ABSENT_BURST: the watcher did not keep its own schedule, whatever the answers. To decide by the answers
 * whether a burst counts would select.
 *
 * Met: all but one in a hundred were answered well within the time-out from their due time, and these answers took no longer,
 * from the first to the last, than their requests, but for the slack. A service that serves less than the rate lags behind
 * more with every request.
 */
export function judgeBurst(requests: readonly BurstRequest[], timeoutMicros: number): number {
  const kept = requests.every(
    ({ dueMicros, startMicros, stallMicros, isJudged }) =>
      isJudged && startMicros - dueMicros <= BURST_LATE_MICROS_MAX && stallMicros <= BURST_LATE_MICROS_MAX,
  );
  if (!kept || requests.length === 0) return ABSENT_BURST;
  const needed = requests.length - Math.ceil(requests.length / BURST_FAILED_PER);
  const done = requests
    .flatMap(({ dueMicros, doneMicros }) =>
      doneMicros === undefined || doneMicros - dueMicros > timeoutMicros ? [] : [doneMicros],
    )
    .sort((a, b) => a - b);
  if (done.length < needed) return 0;
  const askedMicros = requests[needed - 1]!.dueMicros - requests[0]!.dueMicros;
  const slackMicros = Math.max(askedMicros / BURST_SLACK_PART, BURST_SLACK_MICROS_MIN);
  return done[needed - 1]! - done[0]! <= askedMicros + slackMicros ? 1 : 0;
}

/** Probes a target that has a `burstRate`. Never rejects. */
export async function burstProbe(tools: ProbeTools, target: ServiceTarget, signal: AbortSignal): Promise<ProbeResult> {
  const { clock } = tools;
  const { url, method, timeoutMillis, authorities, burstRate } = target;
  const digest = target.expectedBodyDigest !== undefined;
  const request = { url, method, timeoutMillis, wantDigest: digest, wantBody: false, authorities, signal };
  const begunMicros = clock.monotonicMicros();
  const once = await resolvedOnce(tools, target);
  const resolveMicros = clock.monotonicMicros() - begunMicros;
  const rate = once === undefined || signal.aborted ? 0 : (burstRate ?? 0);
  if (once === undefined || rate === 0) return probeHttp(tools, request);
  const results = await openLoop(once, request, rate);
  const judged = results.map(({ dueMicros, result }, i): BurstRequest => {
    const reason = reasonOf(result, i === 0 ? target : { ...target, expectedBodyDigest: undefined });
    const { startMicros, totalMicros, stallMicros } = result;
    return {
      dueMicros,
      startMicros,
      doneMicros: outcomeOf(reason) === OUTCOME.good ? startMicros + totalMicros : undefined,
      stallMicros,
      isJudged: outcomeOf(reason) <= OUTCOME.bad && reason !== REASON.bodyTooLarge,
    };
  });
  const burst = judgeBurst(judged, timeoutMillis * MICROS_PER_MILLI);
  return { ...results[0]!.result, resolveMicros, burst };
}

type Launched = { dueMicros: number; result: ProbeResult };

/** Starts each request at its time; resolves with the last answer, in the requests' order. */
function openLoop(tools: ProbeTools, request: HttpRequest, ratePerSecond: number): Promise<Launched[]> {
  const { clock } = tools;
  const count = burstRequests(ratePerSecond);
  const micros = burstMicros(ratePerSecond);
  const startMicros = clock.monotonicMicros();
  const dueMicrosOf = (i: number) => startMicros + Math.floor((i * micros) / Math.max(1, count - 1));
  // Hashing 200 bodies would hold the loop up: the first answer stands for what they say, the others only for their number.
  const small = { ...request, wantDigest: false, bodyBytesMax: BURST_BODY_BYTES_MAX };
  const running: Promise<Launched>[] = [];
  const { promise, resolve } = Promise.withResolvers<Launched[]>();
  const launchDue = () => {
    while (running.length < count && dueMicrosOf(running.length) <= clock.monotonicMicros()) {
      const dueMicros = dueMicrosOf(running.length);
      const sent = probeHttp(tools, running.length === 0 ? request : small);
      running.push(sent.then((result) => ({ dueMicros, result })));
    }
    if (running.length === count || request.signal?.aborted) resolve(Promise.all(running));
    else clock.after((dueMicrosOf(running.length) - clock.monotonicMicros()) / MICROS_PER_MILLI, launchDue);
  };
  launchDue();
  return promise;
}

/** Tools that have resolved the target's name: 200 questions for one name would be a burst on the resolver. */
async function resolvedOnce(tools: ProbeTools, target: ServiceTarget): Promise<ProbeTools | undefined> {
  let host: string;
  try {
    host = tools.egress.checkUrl(target.url).host;
  } catch {
    return undefined;
  }
  const resolution = await tools.resolvers.first.resolve(host, resolveMillisMax(target.timeoutMillis));
  if (resolution.kind !== 'addresses') return undefined;
  return { ...tools, resolvers: { ...tools.resolvers, first: { resolve: async () => resolution } } };
}
