import { z } from 'zod';
import type { Clock, Timer } from '../../../platform/clock.ts';
import { startThread, type Thread } from '../../../platform/thread.ts';
import { PlumblineError } from '../../../protocol/error.ts';
import { REASON } from '../../../protocol/reason.ts';
import { ABSENT_MICROS } from '../../../protocol/sample.ts';
import { type EgressPolicy, parseProbeUrl } from '../egress.ts';
import { probeHttp } from '../http.ts';
import type { ProbeTools } from '../line.ts';

/** Often enough that a p99 means something within minutes, and a thousandth of a core. */
export const SELF_TEST_PERIOD_MILLIS = 2_000;
/** The last ten minutes: a machine that has become busy shows soon, and one bad second does not stay for a day. */
export const SELF_TESTS_MAX = 300;
/** A self-test that takes longer counts as this long: censored, never dropped. */
export const SELF_TEST_TIMEOUT_MILLIS = 1_000;
/** A server and its few sockets. */
const TARGET_HEAP_MEGABYTES_MAX = 32;
/** As little as there can be: its stops would look like the prober's. */
const TARGET_YOUNG_MEGABYTES_MAX = 1;

const Place = z.strictObject({ address: z.ipv4(), port: z.int().min(1).max(65_535) });
export type SelfTestPlace = z.infer<typeof Place>;
const WaitedMicros = /^[0-9]{1,7}$/;

export type SelfTestTarget = { readonly place: SelfTestPlace; end(): Promise<void> };

/** Starts the server of known delays. @param onEnd when its thread ends, wanted or not */
export async function startSelfTestTarget(onEnd: (reason: string) => void): Promise<SelfTestTarget> {
  const { promise, resolve, reject } = Promise.withResolvers<SelfTestPlace>();
  const entry = new URL('./self-test-target.ts', import.meta.url);
  const thread: Thread = startThread(entry, {
    data: undefined,
    heapMegabytesMax: TARGET_HEAP_MEGABYTES_MAX,
    youngMegabytesMax: TARGET_YOUNG_MEGABYTES_MAX,
    onMessage: (message) => {
      const place = Place.safeParse(message);
      if (place.success) resolve(place.data);
      else reject(new PlumblineError('self-test', 'the self-test target named no address and port'));
    },
    onEnd: (reason) => {
      reject(new PlumblineError('self-test', `the self-test target ended: ${reason}`));
      onEnd(reason);
    },
  });
  return { place: await promise, end: thread.end };
}

/** Allows one URL and one address: the policy for services forbids loopback, and the self-test must not need an exception there. */
function onlyTarget(url: string, only: string): EgressPolicy {
  return {
    refusal: (address) => (address === only ? undefined : 'not the self-test target'),
    checkUrl: (asked) => {
      if (asked !== url) throw new PlumblineError('egress-url', `${asked} is not the self-test target`);
      return parseProbeUrl(asked);
    },
  };
}

/** How far one probe of the known delay is off, to either side; the time-out when it failed in whatever way. */
export async function selfTestMicros(tools: ProbeTools, { address, port }: SelfTestPlace): Promise<number> {
  const url = `http://${address}:${port}/`;
  const request = { url, method: 'GET', timeoutMillis: SELF_TEST_TIMEOUT_MILLIS, wantDigest: false, wantBody: true };
  const result = await probeHttp({ ...tools, egress: onlyTarget(url, address) }, request);
  const said = Buffer.from(result.body ?? []).toString('latin1');
  if (result.reason !== REASON.ok || !WaitedMicros.test(said)) return SELF_TEST_TIMEOUT_MILLIS * 1_000;
  return Math.abs(result.firstByteMicros - Number(said));
}

export type SelfTest = {
  /** p99 of the last SELF_TESTS_MAX errors, of fewer than 100 the largest; ABSENT_MICROS before the first. */
  p99Micros(): number;
  stop(): void;
};

/** Tests the prober now and in every period, with the very code and loop that probe services. */
export function startSelfTest(
  tools: ProbeTools,
  place: SelfTestPlace,
  onTested: (errorMicros: number, p99Micros: number) => void,
): SelfTest {
  const { clock }: { clock: Clock } = tools;
  const errors: number[] = [];
  let timer: Timer | undefined;
  let stopped = false;

  const p99Micros = (): number => {
    if (errors.length === 0) return ABSENT_MICROS;
    const sorted = [...errors].sort((a, b) => a - b);
    return sorted[Math.ceil(sorted.length * 0.99) - 1]!;
  };
  const test = async () => {
    const errorMicros = await selfTestMicros(tools, place);
    if (stopped) return;
    errors.push(errorMicros);
    if (errors.length > SELF_TESTS_MAX) errors.shift();
    onTested(errorMicros, p99Micros());
    timer = clock.after(SELF_TEST_PERIOD_MILLIS, () => void test());
  };
  void test();
  return {
    p99Micros,
    stop: () => {
      stopped = true;
      timer?.cancel();
    },
  };
}
