import { OUTCOME_NAMES, type ProbeSummary } from '../dashboard/probesummary.ts';
import type { Judgement } from '../node/probe/judge.ts';
import type { ProbeResult } from '../node/probe/result.ts';
import { addressText } from '../platform/address.ts';
import { toHex } from '../protocol/bytes.ts';
import { INFINITE_MICROS } from '../protocol/histogram.ts';
import { reasonName } from '../protocol/reason.ts';
import { ABSENT_MICROS } from '../protocol/sample.ts';

export type Probed = { readonly result: ProbeResult; readonly judgement: Judgement; readonly elapsedMicros: number };

/** Phases whose name has a blank. */
const KEYS: Readonly<Record<string, string>> = { 'first byte': 'firstByte' };

/** One probe; the names stay as they are, new ones may come. */
export function jsonOf({ result, judgement }: Probed): object {
  const micros = {
    resolve: known(result.resolveMicros) ?? null,
    connect: known(result.connectMicros) ?? null,
    tls: known(result.tlsMicros) ?? null,
    firstByte: known(result.firstByteMicros) ?? null,
    transfer: known(result.transferMicros) ?? null,
    total: known(result.totalMicros) ?? null,
    stall: result.stallMicros,
    finality: known(result.finalityMicros) ?? null,
  };
  return {
    outcome: OUTCOME_NAMES[judgement.outcome],
    reason: reasonName(judgement.reason),
    statusCode: result.statusCode === 0 ? null : result.statusCode,
    address: hasAddress(result) ? addressText(result.address) : null,
    digest: hasDigest(result) ? toHex(result.bodyDigest) : null,
    micros,
    detail: result.detail,
  };
}

export function summaryJson({ outcomes, reasons, availability, latency, medians }: ProbeSummary): object {
  const finite = (micros: number) => (micros >= INFINITE_MICROS ? 'infinite' : micros);
  const quantiles = latency.map(({ name, metric }) => [
    name,
    typeof metric === 'string'
      ? metric
      : { value: finite(metric.value), lower: finite(metric.lower), upper: finite(metric.upper) },
  ]);
  return {
    outcomes,
    reasons,
    availabilityPpm: availability ?? 'absent',
    latencyMicros: Object.fromEntries(quantiles),
    medianMicros: Object.fromEntries(medians.map(({ name, micros }) => [KEYS[name] ?? name, micros ?? null])),
  };
}

export function known(micros: number): number | undefined {
  return micros === ABSENT_MICROS ? undefined : micros;
}

export function hasAddress(result: ProbeResult): boolean {
  return result.address.some((byte) => byte !== 0);
}

export function hasDigest(result: ProbeResult): boolean {
  return result.bodyDigest.some((byte) => byte !== 0);
}
