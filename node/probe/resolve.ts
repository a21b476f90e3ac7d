import { promises as dns } from 'node:dns';
import { isIP } from 'node:net';
import { errorCode } from '../../protocol/error.ts';

/** What a resolver knows about a name. `missing` is an authoritative no; `failed` is the resolver's own failure. */
export type Resolution =
  | { kind: 'addresses'; addresses: readonly string[] }
  | { kind: 'missing' }
  | { kind: 'failed'; detail: string };

export interface Resolver {
  /** Never rejects; answers within `millisMax`. IPv4 addresses come first, else in the order of the answer. */
  resolve(host: string, millisMax: number): Promise<Resolution>;
}

export type Resolvers = {
  first: Resolver;
  /**
   * Asked only when the first one's answer would accuse the provider (no such name, forbidden address): one resolver
   * alone never does. Undefined: such an answer stays `unknown`.
   */
  second: Resolver | undefined;
};

/** Addresses looked at in one answer; more than any real name has. */
export const ADDRESSES_MAX = 32;

/** Names that mean this machine whatever a server says (RFC 6761). */
const LOCALHOST = /(^|\.)localhost$/;

/**
 * A resolver that asks the given servers (`ip` or `ip:port`), or the system's when there are none. It speaks DNS
 * itself instead of getaddrinfo: that one blocks a thread of Node's small pool for as long as the answer takes, and
 * slow names would delay the probes of others.
 */
export function dnsResolver(servers: readonly string[] = []): Resolver {
  return { resolve: (host, millisMax) => resolveName(servers, host, millisMax) };
}

async function resolveName(servers: readonly string[], host: string, millisMax: number): Promise<Resolution> {
  if (isIP(host) !== 0) return { kind: 'addresses', addresses: [host] };
  if (LOCALHOST.test(host)) return { kind: 'addresses', addresses: ['127.0.0.1', '::1'] };
  const tries = 2;
  const resolver = new dns.Resolver({ timeout: Math.max(1, Math.floor(millisMax / tries)), tries });
  if (servers.length > 0) resolver.setServers([...servers]);
  // The channel's own time-out backs off between tries and rounds up; the cancel keeps the promise of this interface.
  const budget = setTimeout(() => resolver.cancel(), millisMax);
  try {
    return merge(await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)]));
  } finally {
    clearTimeout(budget);
  }
}

/** Both address families together: any address counts, and only two authoritative noes are a no. */
export function merge(answers: readonly PromiseSettledResult<string[]>[]): Resolution {
  const addresses = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
  if (addresses.length > 0) return { kind: 'addresses', addresses: addresses.slice(0, ADDRESSES_MAX) };
  const codes = answers.map((answer) => (answer.status === 'rejected' ? errorCode(answer.reason) : 'ENODATA'));
  if (codes.every((code) => code === 'ENOTFOUND' || code === 'ENODATA')) return { kind: 'missing' };
  return { kind: 'failed', detail: `the resolver answered ${codes.join(' and ')}` };
}
