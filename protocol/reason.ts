import { OUTCOME, type Outcome } from './sample.ts';

/**
 * Why a sample has its outcome: a closed list, two bytes on the wire. Numbers are never reused; a reason that falls out
 * of use keeps its number here and is marked retired. The hundreds say whose it is: 0 good, 1.. the provider,
 * 100.. nobody can say, 150.. the watcher itself. docs/REASONS.md is generated from this file.
 */
export const REASON = {
  ok: 0,
  timeout: 1,
  connectionRefused: 2,
  connectionReset: 3,
  hostUnreachable: 4,
  tlsFailed: 5,
  certificateInvalid: 6,
  wrongStatus: 7,
  malformedAnswer: 8,
  headerTooLarge: 9,
  bodyTooLarge: 10,
  closedEarly: 11,
  wrongBody: 12,
  nameMissing: 13,
  forbiddenAddress: 14,
  certificateExpiring: 15,
  rpcError: 16,
  wrongChain: 17,
  staleHead: 18,
  wrongHash: 19,
  wrongAnswer: 20,
  emptyAnswer: 25,
  headAhead: 30,
  nameUnresolved: 100,
  noConsent: 101,
  consentUnproven: 102,
  egressRefused: 103,
  cutOff: 104,
  unsupported: 105,
  socketsExhausted: 150,
  portsExhausted: 151,
  networkDown: 152,
  blockedHere: 153,
  overload: 154,
  startedLate: 155,
  shutdown: 156,
  stalled: 157,
  controlsUnhealthy: 158,
  internal: 159,
  correlatedFailure: 160,
  proberLost: 165,
} as const;

export type Reason = (typeof REASON)[keyof typeof REASON];
export type ReasonName = keyof typeof REASON;

export type ReasonEntry = { outcome: Outcome; retired: boolean; line: string };

const good = (line: string): ReasonEntry => ({ outcome: OUTCOME.good, retired: false, line });
const bad = (line: string): ReasonEntry => ({ outcome: OUTCOME.bad, retired: false, line });
const unknown = (line: string): ReasonEntry => ({ outcome: OUTCOME.unknown, retired: false, line });
const fault = (line: string): ReasonEntry => ({ outcome: OUTCOME.watcherFault, retired: false, line });

/** One entry per reason: the outcome it leads to and one line for people. */
export const REASONS: Readonly<Record<ReasonName, ReasonEntry>> = {
  ok: good('A complete answer arrived in time and is the one that was asked for.'),
  timeout: bad('No complete answer within the time-out; its latency counts as infinite.'),
  connectionRefused: bad("The provider's address refused the connection."),
  connectionReset: bad("The provider's side reset the connection before the answer was complete."),
  hostUnreachable: bad("The network reports that the provider's address cannot be reached."),
  tlsFailed: bad('The TLS handshake failed.'),
  certificateInvalid: bad('The certificate is expired, for another name, or not signed by a trusted authority.'),
  wrongStatus: bad('The status or response code is not the expected one (redirects are not followed).'),
  malformedAnswer: bad(
    'The answer is not valid in its protocol (HTTP/1.1, WebSocket, DNS), or is cut into too many pieces.',
  ),
  headerTooLarge: bad('The header section is larger than a probe reads.'),
  bodyTooLarge: bad('The body is larger than a probe reads.'),
  closedEarly: bad('The connection was closed before the answer was complete.'),
  wrongBody: bad('The digest of the body is not the expected one.'),
  nameMissing: bad('Two independent resolvers agree that the name does not exist or has no address.'),
  forbiddenAddress: bad('Two independent resolvers agree that the name leads to an address that is never probed.'),
  certificateExpiring: bad('The certificate is valid for fewer days than the service was registered with.'),
  rpcError: bad('The answer is an error, or no answer to this JSON-RPC request, whatever its status says.'),
  wrongChain: bad('The endpoint answers for another chain than the service was registered with.'),
  staleHead: bad('The newest block is older than the service was registered with.'),
  wrongHash: bad('The block at the checked height has another hash than most endpoints of this chain say.'),
  wrongAnswer: bad('The records, the JSON value or the message is not the one that the service was registered with.'),
  emptyAnswer: bad('The name server answers without an error and names no record.'),
  headAhead: bad('The newest block is further ahead of the other endpoints of this chain than a chain grows.'),
  nameUnresolved: unknown('The name could not be resolved; that may be the resolver of the watcher.'),
  noConsent: unknown(
    'The target publishes no consent for this service and provider, or only for less load than is assigned; no load was sent.',
  ),
  consentUnproven: unknown('The consent could not be fetched yet; no load was sent.'),
  egressRefused: unknown('The egress policy of the watcher refuses this target; no load was sent.'),
  cutOff: unknown('The epoch ended while the probe was still within its time-out.'),
  unsupported: unknown('This watcher cannot probe this kind of service, method or time-out; no load was sent.'),
  socketsExhausted: fault('The watcher ran out of file descriptors or socket buffers.'),
  portsExhausted: fault('The watcher ran out of local ports, or has no local address.'),
  networkDown: fault('The watcher has no route to the network.'),
  blockedHere: fault("The watcher's own firewall or sandbox blocked the connection."),
  overload: fault('More probes were due at once than the watcher runs at once.'),
  startedLate: fault('The watcher came to the slot too late to probe at the drawn time.'),
  shutdown: fault('The watcher was shutting down.'),
  stalled: fault("The watcher's event loop stood still for longer than the whole time-out."),
  controlsUnhealthy: fault("The watcher's own controls failed around the probe, so it says nothing of the provider."),
  internal: fault('An unexpected error inside the watcher; its log has the details.'),
  correlatedFailure: fault(
    'Unrelated providers failed for this watcher within the same seconds: its own network is the likelier cause.',
  ),
  proberLost: fault("The watcher's probing thread ended or did not answer, and what it had measured is gone."),
};

const NAMES = new Map<number, ReasonName>(
  Object.entries(REASON).map(([name, code]) => [code, name as ReasonName] as const),
);

/** The name of a code; `reason-<code>` for a number that this version does not know. */
export function reasonName(code: number): ReasonName | `reason-${number}` {
  return NAMES.get(code) ?? `reason-${code}`;
}

/** The entry of a code; undefined for a number that this version does not know. */
export function reasonEntry(code: number): ReasonEntry | undefined {
  const name = NAMES.get(code);
  return name === undefined ? undefined : REASONS[name];
}
