import { promises as dns } from 'node:dns';
import { isIP } from 'node:net';
import { errorCode } from '../../protocol/error.ts';

/** What a resolver knows about a name. `missing` is an authoritative no; `failed` is the resolver's own failure. */
export type Resolution =
  | { kind: 'addresses'; addresses: readonly string[] }
  | { kind: 'missing' }
  | { kind: 'failed'; detail: string };

/** The texts of a name's TXT records, each with its strings joined. */
export type Texts =
  | { kind: 'texts'; texts: readonly string[] }
  | { kind: 'missing' }
  | { kind: 'failed'; detail: string };

export interface Resolver {
  /** Never rejects; answers within `millisMax`. IPv4 addresses come first, else in the order of the answer. */
  resolve(host: string, millisMax: number): Promise<Resolution>;
  /** Never rejects; answers within `millisMax`. A resolver without it knows no texts. */
  texts?(name: string, millisMax: number): Promise<Texts>;
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

/** Texts looked at in one answer, which DNS itself keeps below 64 KiB. */
export const TEXTS_MAX = 256;

/** Names that mean this machine whatever a server says (RFC 6761). */
const LOCALHOST = /(^|\.)localhost$/;

/**
 * A resolver that asks the given servers (`ip` or `ip:port`), or the system's when there are none. It speaks DNS
 * itself instead of getaddrinfo: that one blocks a thread of Node's small pool for as long as the answer takes, and
 * slow names would delay the probes of others.
 */
export function dnsResolver(servers: readonly string[] = []): Resolver {
  return {
    resolve: (host, millisMax) => resolveName(servers, host, millisMax),
    texts: (name, millisMax) => resolveTexts(servers, name, millisMax),
  };
}

async function resolveTexts(servers: readonly string[], name: string, millisMax: number): Promise<Texts> {
  return within(servers, millisMax, async (resolver) => {
    try {
      const records = await resolver.resolveTxt(name);
      return { kind: 'texts', texts: records.slice(0, TEXTS_MAX).map((strings) => strings.join('')) };
    } catch (error) {
      return isMissing(errorCode(error))
        ? { kind: 'missing' }
        : { kind: 'failed', detail: `the resolver answered ${errorCode(error)}` };
    }
  });
}

/** Asks with a channel of its own; its own time-out backs off between tries and rounds up, so the cancel keeps the budget. */
async function within<T>(
  servers: readonly string[],
  millisMax: number,
  ask: (resolver: dns.Resolver) => Promise<T>,
): Promise<T> {
  const tries = 2;
  const resolver = new dns.Resolver({ timeout: Math.max(1, Math.floor(millisMax / tries)), tries });
  if (servers.length > 0) resolver.setServers([...servers]);
  const budget = setTimeout(() => resolver.cancel(), millisMax);
  try {
    return await ask(resolver);
  } finally {
    clearTimeout(budget);
  }
}

function isMissing(code: string): boolean {
  return code === 'ENOTFOUND' || code === 'ENODATA';
}

async function resolveName(servers: readonly string[], host: string, millisMax: number): Promise<Resolution> {
  if (isIP(host) !== 0) return { kind: 'addresses', addresses: [host] };
  if (LOCALHOST.test(host)) return { kind: 'addresses', addresses: ['127.0.0.1', '::1'] };
  return within(servers, millisMax, async (resolver) =>
    merge(await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)])),
  );
}

/** Both address families together: any address counts, and only two authoritative noes are a no. */
export function merge(answers: readonly PromiseSettledResult<string[]>[]): Resolution {
  const addresses = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
  if (addresses.length > 0) return { kind: 'addresses', addresses: addresses.slice(0, ADDRESSES_MAX) };
  const codes = answers.map((answer) => (answer.status === 'rejected' ? errorCode(answer.reason) : 'ENODATA'));
  if (codes.every(isMissing)) return { kind: 'missing' };
  return { kind: 'failed', detail: `the resolver answered ${codes.join(' and ')}` };
}
