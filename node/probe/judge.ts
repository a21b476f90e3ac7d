import { REASON, REASONS, type Reason, reasonName } from '../../protocol/reason.ts';
import { OUTCOME, type Outcome } from '../../protocol/sample.ts';
import { SERVICE_KIND } from '../../protocol/service.ts';
import type { ProbeResult } from './result.ts';
import type { ServiceTarget } from './target.ts';

export type Judgement = { outcome: Outcome; reason: Reason };

/** Why a probe may say more about this watcher than about the provider: a failure, or the time that an answer took. */
export type Doubt = typeof REASON.controlsUnhealthy | typeof REASON.correlatedFailure;

/**
 * The outcome of a probe. A failure at the provider's own resolved address is the provider's, unless this watcher has
 * reason to doubt itself: a sick watcher accuses nobody. It praises nobody either, so that a doubt selects no outcome.
 */
export function judge(result: ProbeResult, target: ServiceTarget, doubt?: Doubt): Judgement {
  const reason = reasonOf(result, target);
  const outcome = outcomeOf(reason);
  if (outcome === OUTCOME.unknown || outcome === OUTCOME.watcherFault || doubt === undefined)
    return { outcome, reason };
  return { outcome: OUTCOME.watcherFault, reason: doubt };
}

/** What the probe found, with the service's assertions applied, before the controls have a word. */
export function reasonOf(result: ProbeResult, target: ServiceTarget): Reason {
  if (result.reason !== REASON.ok) return result.reason;
  const { kind, expectedStatus, expectedBodyDigest } = target;
  // What these ask for is all there is to ask of them.
  if (kind === SERVICE_KIND.tcp || kind === SERVICE_KIND.jsonRpc || kind === SERVICE_KIND.dns) return REASON.ok;
  if (kind === SERVICE_KIND.tls) return result.statusCode >= expectedStatus ? REASON.ok : REASON.certificateExpiring;
  if (kind === SERVICE_KIND.websocket) return result.statusCode === 101 ? REASON.ok : REASON.wrongStatus;
  const statusGood = expectedStatus === 0 ? result.statusCode < 400 : result.statusCode === expectedStatus;
  if (!statusGood) return REASON.wrongStatus;
  if (expectedBodyDigest !== undefined && Buffer.compare(result.bodyDigest, expectedBodyDigest) !== 0) {
    return REASON.wrongBody;
  }
  return REASON.ok;
}

export function outcomeOf(reason: Reason): Outcome {
  const name = reasonName(reason);
  return name in REASONS ? REASONS[name as keyof typeof REASONS].outcome : OUTCOME.watcherFault;
}

const SOCKET_REASONS: Readonly<Record<string, Reason>> = {
  ECONNREFUSED: REASON.connectionRefused,
  ECONNRESET: REASON.connectionReset,
  EPIPE: REASON.connectionReset,
  EHOSTUNREACH: REASON.hostUnreachable,
  EHOSTDOWN: REASON.hostUnreachable,
  // The kernel gave up before our own time-out did: as late as can be.
  ETIMEDOUT: REASON.timeout,
  EMFILE: REASON.socketsExhausted,
  ENFILE: REASON.socketsExhausted,
  ENOBUFS: REASON.socketsExhausted,
  ENOMEM: REASON.socketsExhausted,
  EADDRNOTAVAIL: REASON.portsExhausted,
  EADDRINUSE: REASON.portsExhausted,
  ENETUNREACH: REASON.networkDown,
  ENETDOWN: REASON.networkDown,
  EAFNOSUPPORT: REASON.networkDown,
  EACCES: REASON.blockedHere,
  EPERM: REASON.blockedHere,
};

/** OpenSSL's verification verdicts and Node's host name check, as they appear in `error.code`; those without a name in Node are UNSPECIFIED. */
const CERTIFICATE_CODE =
  /^(CERT_|ERROR_IN_C|UNABLE_TO_|DEPTH_ZERO_SELF_SIGNED|SELF_SIGNED_CERT|ERR_TLS_CERT_ALTNAME|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH|HOSTNAME_MISMATCH|CRL_|UNSPECIFIED$)/;

/** What a router or the host itself may send back (ICMP) while a connection is being made. */
const REMOTE_REFUSALS: readonly string[] = ['EACCES', 'ENETUNREACH', 'ENOPROTOOPT', 'EPROTONOSUPPORT'];

/**
 * As `reasonOfSocketError`, for an error of a connection that the kernel had taken on: the same codes then come from the
 * other side, and a provider that rejects instead of answering is no fault of the watcher's.
 */
export function reasonOfRemoteError(code: string): Reason {
  return REMOTE_REFUSALS.includes(code) ? REASON.hostUnreachable : reasonOfSocketError(code);
}

/** Whose failure a socket's error is; an unknown code is ours until somebody has looked at it. */
export function reasonOfSocketError(code: string): Reason {
  const known = SOCKET_REASONS[code];
  if (known !== undefined) return known;
  if (CERTIFICATE_CODE.test(code)) return REASON.certificateInvalid;
  if (code.startsWith('ERR_SSL_') || code.startsWith('ERR_TLS_') || code === 'EPROTO') return REASON.tlsFailed;
  return REASON.internal;
}
