import { isIP } from 'node:net';
import { errorMessage } from '../../protocol/error.ts';
import { REASON } from '../../protocol/reason.ts';
import { ALL_SCHEMES, type ProbeUrl } from './egress.ts';
import { probeHttp } from './http.ts';
import type { ProbeTools } from './line.ts';
import type { ServiceTarget } from './target.ts';

/** Where a provider publishes the services that it lets the network probe, relative to the target's origin. */
export const CONSENT_PATH = '/.well-known/plumbline';
/** Where a provider may publish them as well: TXT records of this name below the target's host, one line each. */
export const CONSENT_LABEL = '_plumbline';
/** A proven consent is checked again after a day. */
export const CONSENT_MILLIS = 24 * 3_600_000;
/**
 * A provider whose target is down at the daily check has withdrawn nothing, and must not turn its outage into
 * `unknown`: a proven consent outlives failed checks for this long. An answer without the line ends it at once.
 */
export const CONSENT_GRACE_MILLIS = 72 * 3_600_000;
/** The first retry of a check that failed; each further one waits twice as long, up to the maximum. */
export const CONSENT_RETRY_MILLIS_MIN = 2_000;
export const CONSENT_RETRY_MILLIS_MAX = 3_600_000;
/** Time for one check, whatever the service's own time-out. */
export const CONSENT_TIMEOUT_MILLIS = 5_000;
/** About 500 lines. */
export const CONSENT_BYTES_MAX = 64 << 10;
/** Checks at once, so that a watcher's start with a thousand services is no burst. */
export const CONSENT_CHECKS_MAX = 16;
/** Services that a watcher remembers a consent for: all that an epoch can have, and as many gone ones. */
export const CONSENTS_MAX = 2_048;

/** Digits of a rate in a consent; more requests than any service gets in a minute. */
export const RATE_DIGITS_MAX = 9;
const RATE_WORD = 'max-per-minute';

/** Only these say whether there is a consent; a rate limit or an error page withdraws nothing. */
const FINAL_STATUSES: readonly number[] = [200, 404, 410];

export type ConsentState = 'granted' | 'absent' | 'unproven';

/** Whether a provider agreed to be probed. Without that: no load. */
export interface ConsentBook {
  /** What is known now, at once. */
  state(target: ServiceTarget): ConsentState;
  /** Checks the targets whose check is due, a few at a time; never rejects. Concurrent calls share one check. */
  refreshAll(targets: readonly ServiceTarget[], signal?: AbortSignal): Promise<void>;
}

type Entry = {
  provenMillis: number | undefined;
  /** Of the proven consent; undefined: it names none. */
  requestsPerMinuteMax: number | undefined;
  absent: boolean;
  nextCheckMillis: number;
  retryMillis: number;
  checking: Promise<void> | undefined;
  detail: string;
};

export type ConsentOptions = { retryMillisMin?: number; log?: (detail: string, target: ServiceTarget) => void };

/** Consents fetched from the targets themselves, kept in memory: a restarted watcher asks again. */
export function createConsentBook(tools: ProbeTools, options: ConsentOptions = {}): ConsentBook {
  const retryMillisMin = options.retryMillisMin ?? CONSENT_RETRY_MILLIS_MIN;
  const entries = new Map<string, Entry>();
  // Not the wall clock: a corrected one must neither prolong nor end a consent.
  const nowMillis = () => tools.clock.monotonicMicros() / 1_000;

  const entryOf = (target: ServiceTarget): Entry => {
    const key = `${target.serviceId} ${target.provider} ${target.url}`.toLowerCase();
    const known = entries.get(key);
    if (known !== undefined) return known;
    // Insertion order: the oldest entry goes; if it is still in use it is merely checked again.
    if (entries.size >= CONSENTS_MAX) entries.delete(entries.keys().next().value!);
    const unproven = { provenMillis: undefined, requestsPerMinuteMax: undefined, checking: undefined };
    const entry: Entry = { ...unproven, absent: false, nextCheckMillis: 0, retryMillis: 0, detail: '' };
    entries.set(key, entry);
    return entry;
  };

  const check = async (target: ServiceTarget, entry: Entry, signal: AbortSignal | undefined): Promise<void> => {
    const found = await fetchConsent(tools, target, signal);
    const now = nowMillis();
    if (found.state === 'granted') {
      const { requestsPerMinuteMax } = found;
      Object.assign(entry, { provenMillis: now, requestsPerMinuteMax, absent: false, retryMillis: 0 });
      entry.nextCheckMillis = now + CONSENT_MILLIS;
    } else {
      if (found.state === 'absent') Object.assign(entry, { provenMillis: undefined, absent: true });
      entry.retryMillis = Math.min(Math.max(entry.retryMillis * 2, retryMillisMin), CONSENT_RETRY_MILLIS_MAX);
      entry.nextCheckMillis = now + entry.retryMillis;
    }
    if (entry.detail !== found.detail) options.log?.(found.detail, target);
    entry.detail = found.detail;
  };

  const refresh = async (target: ServiceTarget, signal: AbortSignal | undefined): Promise<void> => {
    const entry = entryOf(target);
    if (entry.checking === undefined && nowMillis() < entry.nextCheckMillis) return;
    entry.checking ??= check(target, entry, signal).finally(() => {
      entry.checking = undefined;
    });
    await entry.checking;
  };

  return {
    state: (target) => {
      const { provenMillis, requestsPerMinuteMax, absent } = entryOf(target);
      if (provenMillis !== undefined && nowMillis() < provenMillis + CONSENT_MILLIS + CONSENT_GRACE_MILLIS) {
        // Of all watchers together: every one computes it from the same assignment, so all stay away or none does.
        return (target.requestsPerMinute ?? 0) <= (requestsPerMinuteMax ?? Number.POSITIVE_INFINITY)
          ? 'granted'
          : 'absent';
      }
      return absent ? 'absent' : 'unproven';
    },
    refreshAll: async (targets, signal) => {
      const queue = [...targets];
      const worker = async () => {
        for (let next = queue.shift(); next !== undefined && !signal?.aborted; next = queue.shift()) {
          await refresh(next, signal);
        }
      };
      await Promise.all(Array.from({ length: CONSENT_CHECKS_MAX }, worker));
    },
  };
}

/** For programs that probe what their user owns or named by hand: everything is granted. */
export function grantedConsent(): ConsentBook {
  return { state: () => 'granted', refreshAll: async () => undefined };
}

type Found = { state: ConsentState; detail: string; requestsPerMinuteMax?: number | undefined };

/**
 * Looks in both places. Either one grants; only both together say no. `unproven`: one did not answer, or said neither.
 * What speaks no HTTP has the TXT record alone, and so needs a name.
 */
export async function fetchConsent(tools: ProbeTools, target: ServiceTarget, signal?: AbortSignal): Promise<Found> {
  let url: ProbeUrl;
  try {
    url = tools.egress.checkUrl(target.url, ALL_SCHEMES);
  } catch (error) {
    return { state: 'unproven', detail: errorMessage(error) };
  }
  const hasWeb = url.origin.startsWith('http');
  const byFile = hasWeb ? await consentByFile(tools, target, url.origin + CONSENT_PATH, signal) : undefined;
  if (byFile?.state === 'granted' || byFile?.state === 'unproven') return byFile;
  const byText = await consentByText(tools, target, url.host);
  return byFile !== undefined && byText.state === 'absent' ? byFile : byText;
}

async function consentByText(tools: ProbeTools, target: ServiceTarget, host: string): Promise<Found> {
  const name = `${CONSENT_LABEL}.${host}`;
  const line = `${target.serviceId} ${target.provider}`;
  const remedy = `add the TXT record "${line}" at ${name}`;
  if (isIP(host) !== 0) return { state: 'absent', detail: `${host} has no TXT records; register a name instead` };
  const found = (await tools.resolvers.first.texts?.(name, CONSENT_TIMEOUT_MILLIS)) ?? { kind: 'missing' };
  if (found.kind === 'failed') return { state: 'unproven', detail: `TXT records of ${name}: ${found.detail}` };
  const grant = found.kind === 'texts' ? grantIn(found.texts, target.serviceId, target.provider) : undefined;
  if (grant !== undefined) return { state: 'granted', detail: `${name} consents`, ...grant };
  return { state: 'absent', detail: `${name} names no such consent; ${remedy}` };
}

async function consentByFile(
  tools: ProbeTools,
  target: ServiceTarget,
  url: string,
  signal: AbortSignal | undefined,
): Promise<Found> {
  const result = await probeHttp(tools, {
    url,
    method: 'GET',
    timeoutMillis: CONSENT_TIMEOUT_MILLIS,
    wantDigest: false,
    wantBody: true,
    bodyBytesMax: CONSENT_BYTES_MAX,
    signal,
  });
  if (result.reason !== REASON.ok) return { state: 'unproven', detail: `${url}: ${result.detail}` };
  if (!FINAL_STATUSES.includes(result.statusCode)) {
    return { state: 'unproven', detail: `${url} answered ${result.statusCode}` };
  }
  const text = result.statusCode === 200 ? Buffer.from(result.body ?? []).toString('utf8') : '';
  const grant = grantIn(text.split(/\r?\n/), target.serviceId, target.provider);
  if (grant !== undefined) return { state: 'granted', detail: `${url} consents`, ...grant };
  const remedy = `add the line "${target.serviceId} ${target.provider}"`;
  return { state: 'absent', detail: `${url} (status ${result.statusCode}) names no such consent; ${remedy}` };
}

/** What a provider agreed to; the rate is of all watchers together. */
export type Grant = { readonly requestsPerMinuteMax: number | undefined };

/**
 * The consent among some lines: `<serviceId> <provider>`, or `<serviceId> <provider> max-per-minute <whole number>`, hexadecimal
 * digits in any case, nothing else. Of several for one service the smallest rate counts.
 */
export function grantIn(lines: readonly string[], serviceId: string, provider: string): Grant | undefined {
  const wanted = `${serviceId} ${provider}`.toLowerCase();
  let grant: Grant | undefined;
  for (const line of lines) {
    const [id, who, ...rest] = line.trim().toLowerCase().split(/\s+/);
    if (`${id} ${who}` !== wanted) continue;
    const rate = rateOf(rest);
    if (rate === undefined) continue;
    const known = grant?.requestsPerMinuteMax ?? Number.POSITIVE_INFINITY;
    grant = {
      requestsPerMinuteMax: Math.min(known, rate) === Number.POSITIVE_INFINITY ? undefined : Math.min(known, rate),
    };
  }
  return grant;
}

/** Infinite without words, undefined when they are no rate: a consent that cannot be understood is none. */
function rateOf(words: readonly string[]): number | undefined {
  if (words.length === 0) return Number.POSITIVE_INFINITY;
  const [word, number = ''] = words;
  const isRate = words.length === 2 && word === RATE_WORD && /^(0|[1-9][0-9]*)$/.test(number);
  return isRate && number.length <= RATE_DIGITS_MAX ? Number(number) : undefined;
}
