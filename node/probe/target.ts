import type { Service } from '../../protocol/service.ts';

/** What a watcher probes: one service as registered on chain, reduced to what a probe needs. */
export type ServiceTarget = {
  /** One of SERVICE_KIND. */
  kind: number;
  /** 32 bytes as 0x-prefixed lower-case hex. */
  serviceId: string;
  /** 20 bytes as 0x-prefixed hex; who must have published the consent. */
  provider: string;
  /** Absolute URL, of a scheme of its kind. */
  url: string;
  /** GET or HEAD. */
  method: string;
  /** From the start of the connection to the last byte; TIMEOUT_MILLIS_MIN..TIMEOUT_MILLIS_MAX. */
  timeoutMillis: number;
  /** The only status code that is good; 0 = any below 400. For tls: days that the certificate must be valid yet. */
  expectedStatus: number;
  /** keccak256 of the only body that is good, 32 bytes; undefined: any body is, and none is hashed. */
  expectedBodyDigest: Uint8Array | undefined;
  /** Requests per second, in a slot that is a burst. */
  burstRate?: number;
  /** What all watchers assigned to it send together in a minute, at most; undefined where nobody else probes. */
  requestsPerMinute?: number;
  /** Settings of the kind as registered. */
  extra?: Uint8Array;
  /** Certificate authorities in PEM instead of the built-in ones; never from the chain. */
  authorities?: readonly string[];
};

/** Below it, timer granularity would decide instead of the service. */
export const TIMEOUT_MILLIS_MIN = 10;
/** A probe must end within its epoch, and an epoch of a minute is the longest preset. */
export const TIMEOUT_MILLIS_MAX = 30_000;
/** Resolving has its own budget: the time-out of the service, but never more than this. */
export const RESOLVE_MILLIS_MAX = 5_000;
/** One round of control targets. After a failed probe it may have to wait for one that runs already. */
export const CONTROL_MILLIS_MAX = 1_000;
/** Methods without a request body and without a side effect that a provider could be harmed by; those of http services. */
export const METHODS: readonly string[] = ['GET', 'HEAD'];

/** The target of a registered service. Total: what cannot be probed is found out by `isSupported`, slot by slot. */
export function targetOf(service: Service): ServiceTarget {
  return {
    kind: service.kind,
    serviceId: `0x${Buffer.from(service.id).toString('hex')}`,
    provider: service.provider,
    url: service.url,
    method: service.method === '' ? 'GET' : service.method,
    timeoutMillis: service.timeoutMillis,
    expectedStatus: service.expectedStatus,
    expectedBodyDigest: service.bodyDigest.some((byte) => byte !== 0) ? service.bodyDigest : undefined,
    extra: service.extra,
  };
}

/** Whether the method and the time-out are within what a probe does; the kind is the prober's to know. */
export function isSupported(target: ServiceTarget): boolean {
  const { timeoutMillis, method } = target;
  return METHODS.includes(method) && timeoutMillis >= TIMEOUT_MILLIS_MIN && timeoutMillis <= TIMEOUT_MILLIS_MAX;
}

/** The longest that resolving may take for a service with this time-out, in milliseconds. */
export function resolveMillisMax(timeoutMillis: number): number {
  return Math.min(timeoutMillis, RESOLVE_MILLIS_MAX);
}

/**
 * The longest that a slot takes from its start to its judged sample on a watcher whose event loop does not stall,
 * in milliseconds. Slots start at least this long before the epoch's end; a later one risks `cutOff`.
 */
export function slotMillisMax(timeoutMillis: number): number {
  return resolveMillisMax(timeoutMillis) + timeoutMillis + 2 * CONTROL_MILLIS_MAX;
}
