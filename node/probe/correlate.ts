import { isMapped } from '../../platform/address.ts';
import type { Clock } from '../../platform/clock.ts';
import { OUTCOME, type Outcome } from '../../protocol/sample.ts';
import type { ProbeResult } from './result.ts';
import type { ServiceTarget } from './target.ts';

/**
 * Providers that have nothing to do with each other do not fail in the same seconds, but a watcher behind a broken middlebox
 * sees just that, while its TCP controls may go on to answer. So before a provider is blamed, the probes of unrelated
 * providers that began nearest in time are asked: when more than half of them failed as well, it was this watcher.
 *
 * Unrelated means another provider and another network (/16 of IPv4, /32 of IPv6), also among themselves: whoever registers
 * many services, or many providers in one network, is one witness. A failure speaks only for a service that answered
 * SUCCESSES_MIN times in a row before, so services that are down for good, or by turns, excuse nobody. A success always speaks.
 */
export interface Correlation {
  /** Follows a probe that begins now and keeps what it shows; `outcomeOf` says how its result would be judged by itself. */
  watch(
    target: ServiceTarget,
    probe: Promise<ProbeResult>,
    outcomeOf: (result: ProbeResult) => Outcome,
  ): Promise<Watched>;
  /** Decides at once about every probe that still waits for its neighbours: the epoch ends. */
  settle(): void;
}

export type Watched = {
  readonly result: ProbeResult;
  /**
   * Whether unrelated providers failed together with this one. Waits until the neighbours' probes have ended, or for
   * settle(); never rejects. Ask it of a failed probe that would otherwise be blamed; `false` then blames it.
   */
  isShared(): Promise<boolean>;
};

/**
 * Probes that began this long before and after are neighbours. A minute's five probes of a service are 12 s apart on
 * average, so each of ten services is seen about once within it; an outage that nobody's probe met twice is too short to show.
 */
export const NEIGHBOUR_MILLIS = 6_000;
/** With the one accused four unrelated providers, of which three fail: two that collude cannot bring that about. */
export const WITNESSES_MIN = 3;
/**
 * The nearest so many speak, and more than half must have failed. Of eight that fail independently in 1 % of the time five
 * do so at once in 6 of 10^9 cases. More speak where there are more: see WITNESSES_PPM.
 */
export const WITNESSES_ENOUGH = 8;
/**
 * At least so much of the unrelated providers in the neighbourhood speaks: whoever has many services is always among the
 * nearest, and five such providers would else be the majority of any eight. So whoever wants to bring it about needs
 * more than a third of all providers.
 */
export const WITNESSES_PPM = 666_667;
/** A service that answers 70 % of the time has so many successes in a row in a quarter of cases, one at 99 % in 96 %. */
export const SUCCESSES_MIN = 4;
/** Results kept, whatever the rate: a batch of 8,192 samples in an epoch of a minute has 1,640 within the time of neighbours. */
export const RESULTS_MAX = 4_096;
/** Services whose successes are counted; the registry's own bound is lower, and the oldest are forgotten first. */
export const SERVICES_MAX = 4_096;

type Seen = {
  readonly serviceId: string;
  readonly provider: string;
  network: string | undefined;
  readonly startMicros: number;
  /** `failed` only if the service had answered reliably before. */
  state: 'running' | 'good' | 'failed' | 'silent';
  readonly ended: Promise<void>;
};

/** What is known of a service whoever probes it when; the network is that of its last known address. */
type Standing = { readonly provider: string; successes: number; network: string | undefined };

const MICROS_PER_MILLI = 1_000;

export function createCorrelation(clock: Clock): Correlation {
  const seen: Seen[] = [];
  const services = new Map<string, Standing>();
  let settled = Promise.withResolvers<void>();
  let settledMicros = Number.NEGATIVE_INFINITY;

  const serviceOf = ({ serviceId, provider }: ServiceTarget): Standing => {
    const known = services.get(serviceId) ?? { provider, successes: 0, network: undefined };
    services.delete(serviceId);
    services.set(serviceId, known);
    if (services.size > SERVICES_MAX) services.delete(services.keys().next().value!);
    return known;
  };
  const keep = (one: Seen) => {
    seen.push(one);
    const horizon = one.startMicros - 2 * NEIGHBOUR_MILLIS * MICROS_PER_MILLI;
    // What still runs stays, so that whoever waits for it finds it; a probe has a time-out.
    const old = seen.findIndex(({ startMicros, state }) => startMicros >= horizon || state === 'running');
    seen.splice(0, Math.max(old, seen.length - RESULTS_MAX));
  };

  const watch: Correlation['watch'] = async (target, probe, outcomeOf) => {
    const service = serviceOf(target);
    const { promise: ended, resolve: end } = Promise.withResolvers<void>();
    const { serviceId, provider } = target;
    const { network } = service;
    const startMicros = clock.monotonicMicros();
    const own: Seen = { serviceId, provider, network, startMicros, state: 'running', ended };
    keep(own);
    try {
      const result = await probe;
      const outcome = outcomeOf(result);
      own.network = networkOf(result.address) ?? service.network;
      service.network = own.network;
      if (outcome === OUTCOME.good) {
        service.successes += 1;
        own.state = 'good';
      } else own.state = outcome === OUTCOME.bad && service.successes >= SUCCESSES_MIN ? 'failed' : 'silent';
      return { result, isShared: () => isShared(own, service) };
    } finally {
      if (own.state === 'running') own.state = 'silent';
      end();
    }
  };

  const isShared = async (own: Seen, service: Standing): Promise<boolean> => {
    if (own.startMicros > settledMicros && countProviders() > WITNESSES_MIN) await neighboursEnded(own);
    const shared = isSharedBy(own, seen);
    // What is ours says nothing about the service: it keeps its standing.
    if (!shared) service.successes = 0;
    return shared;
  };

  /** Where there are too few of them, nobody needs to wait for witnesses. */
  const countProviders = () => new Set([...services.values()].map(({ provider }) => provider)).size;

  const neighboursEnded = async (own: Seen): Promise<void> => {
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const waitMillis = NEIGHBOUR_MILLIS - (clock.monotonicMicros() - own.startMicros) / MICROS_PER_MILLI;
    const timer = clock.after(waitMillis, resolve);
    const over = settled.promise;
    await Promise.race([late, over]);
    timer.cancel();
    const running = seen.filter((other) => other.state === 'running' && isNear(own, other));
    await Promise.race([Promise.all(running.map(({ ended }) => ended)), over]);
  };

  const settle = () => {
    settledMicros = clock.monotonicMicros();
    settled.resolve();
    settled = Promise.withResolvers();
  };
  return { watch, settle };
}

function isNear(own: Seen, other: Seen): boolean {
  return Math.abs(other.startMicros - own.startMicros) <= NEIGHBOUR_MILLIS * MICROS_PER_MILLI;
}

/**
 * Whether most witnesses failed too: those around the accused, or those on one side of it alone, because who fails at the
 * beginning or the end of an outage has healthy neighbours on the other side.
 */
function isSharedBy(own: Seen, seen: readonly Seen[]): boolean {
  const speaking = seen.filter((one) => (one.state === 'good' || one.state === 'failed') && isNear(own, one));
  const sides = [
    speaking,
    speaking.filter(({ startMicros }) => startMicros <= own.startMicros),
    speaking.filter(({ startMicros }) => startMicros >= own.startMicros),
  ];
  return sides.some((side) => {
    const unrelated = unrelatedTo(own, side);
    const enough = Math.max(WITNESSES_ENOUGH, Math.ceil((unrelated.length * WITNESSES_PPM) / 1_000_000));
    return isMajority(unrelated.slice(0, enough));
  });
}

/** The nearest of each, no two of them related to each other or to the accused. */
function unrelatedTo(own: Seen, speaking: readonly Seen[]): Seen[] {
  const distance = ({ startMicros }: Seen) => Math.abs(startMicros - own.startMicros);
  const providers = new Set([own.provider]);
  const networks = new Set([own.network]);
  return speaking
    .toSorted((a, b) => distance(a) - distance(b))
    .filter(({ provider, network }) => {
      // A service whose address was never seen cannot be told from anybody's relative.
      if (network === undefined || providers.has(provider) || networks.has(network)) return false;
      providers.add(provider);
      networks.add(network);
      return true;
    });
}

function isMajority(witnesses: readonly Seen[]): boolean {
  const failed = witnesses.filter(({ state }) => state === 'failed').length;
  return witnesses.length >= WITNESSES_MIN && 2 * failed > witnesses.length;
}

/** /16 of IPv4, /32 of IPv6; undefined for the zeros of a probe that reached no address. */
function networkOf(address: Uint8Array): string | undefined {
  if (address.every((byte) => byte === 0)) return undefined;
  return isMapped(address) ? `4:${address.subarray(12, 14).join('.')}` : `6:${address.subarray(0, 4).join('.')}`;
}
