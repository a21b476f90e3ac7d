import { BlockList } from 'node:net';
import { networkInterfaces } from 'node:os';
import { addressBytes, addressText, embeddedV4, isMapped } from './address.ts';

/**
 * Where this process may connect to when a stranger chose the address. Anybody can register a URL or a multiaddr on chain, so
 * every watcher is a would-be confused deputy: default deny for whatever is not a public unicast address, whatever form it
 * is written in. Sources: the IANA special-purpose address registries (RFC 6890 and updates).
 */
export interface AddressPolicy {
  /** undefined: allowed; else the rule that refuses this address, in words. */
  refusal(address: string): string | undefined;
}

/** What is open besides public addresses: nothing; 127.0.0.0/8 and ::1; or these, private networks and own addresses. */
export type EgressScope = 'public' | 'loopback' | 'private';

export type AddressPolicyOptions = {
  readonly scope: EgressScope;
  /** The machine's own addresses, asked at every check because they change; default: the operating system's. */
  readonly ownAddresses?: () => readonly string[];
};

/** Below 1024 only the web's own ports: what is sent must not reach mail or shell daemons. */
export const PORTS_PRIVILEGED: readonly number[] = [80, 443];
/** Non-HTTP services above 1023 that a request line could confuse: the Fetch standard's list, Redis and memcached. */
export const PORTS_DENIED: readonly number[] = [
  1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6379, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697,
  10080, 11211,
];

/** What `refusal` answers for an address of this very machine that nothing else forbids. */
export const OWN_ADDRESS = 'an address of this machine';

const LOOPBACK_V4 = '127.0.0.0/8';

const DENIED_V4: readonly (readonly [string, string])[] = [
  ['0.0.0.0/8', 'this network'],
  ['10.0.0.0/8', 'private'],
  ['100.64.0.0/10', 'carrier-grade NAT'],
  [LOOPBACK_V4, 'loopback'],
  ['169.254.0.0/16', 'link-local'],
  ['172.16.0.0/12', 'private'],
  ['192.0.0.0/24', 'IETF protocol assignments'],
  ['192.0.2.0/24', 'documentation'],
  ['192.52.193.0/24', 'AMT relays'],
  ['192.88.99.0/24', '6to4 relays'],
  ['192.168.0.0/16', 'private'],
  ['198.18.0.0/15', 'benchmarking'],
  ['198.51.100.0/24', 'documentation'],
  ['203.0.113.0/24', 'documentation'],
  ['224.0.0.0/4', 'multicast'],
  ['240.0.0.0/4', 'reserved or broadcast'],
];

/** Inside 2000::/3; everything outside of it is denied as a whole. */
const DENIED_V6: readonly (readonly [string, string])[] = [
  ['2001::/23', 'IETF protocol assignments and Teredo'],
  ['2001:db8::/32', 'documentation'],
  ['3fff::/20', 'documentation'],
];

/** All of IPv6 but 2000::/3, the only global unicast addresses. */
const OUTSIDE_UNICAST_V6 = ['::/3', '4000::/2', '8000::/1'] as const;

/**
 * What is never probed, as subnets, for whoever enforces it outside of this program. Two things differ from `refusal`: 64:ff9b::/96
 * (NAT64) is in the list as a whole, and what ISATAP carries is not, because it is no prefix.
 */
export function deniedSubnets(): { readonly ipv4: readonly string[]; readonly ipv6: readonly string[] } {
  const ipv4 = DENIED_V4.map(([subnet]) => subnet);
  const sixToFour = ipv4.map((subnet) => {
    const [network = '', prefix] = subnet.split('/');
    const [a = 0, b = 0, c = 0, d = 0] = network.split('.').map(Number);
    return `2002:${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}::/${16 + Number(prefix)}`;
  });
  return { ipv4, ipv6: [...OUTSIDE_UNICAST_V6, ...DENIED_V6.map(([subnet]) => subnet), ...sixToFour] };
}

const PRIVATE_V4 = ['10.0.0.0/8', '100.64.0.0/10', '172.16.0.0/12', '192.168.0.0/16'] as const;
const PRIVATE_V6 = 'fc00::/7';

/** 64:ff9b::/96, the one translation prefix that leads to the public internet, as `addressText` writes it. */
const NAT64_PREFIX = '64:ff9b:0:0:0:0:';

export function createAddressPolicy({ scope, ownAddresses = systemAddresses }: AddressPolicyOptions): AddressPolicy {
  const denied = [...rules('ipv4', DENIED_V4), ...rules('ipv6', DENIED_V6)];
  const unicast = listOf('ipv6', '2000::/3');
  const privateNetworks = [...PRIVATE_V4.map((subnet) => listOf('ipv4', subnet)), listOf('ipv6', PRIVATE_V6)];
  const own = lastKnown(ownAddresses);

  const isOpen = (bytes: Uint8Array): boolean => {
    const text = addressText(bytes);
    if (scope !== 'public' && isLoopback(text)) return true;
    if (scope !== 'private') return false;
    const family = isMapped(bytes) ? 'ipv4' : 'ipv6';
    return privateNetworks.some((list) => list.check(text, family)) || deniedBy(bytes) === OWN_ADDRESS;
  };

  const deniedBy = (bytes: Uint8Array): string | undefined => {
    const ours = own().some((address) => sameAddress(address, bytes)) ? OWN_ADDRESS : undefined;
    const text = addressText(bytes);
    if (isMapped(bytes)) return denied.find((rule) => rule.list.check(text, 'ipv4'))?.name ?? ours;
    const innerRules = embeddedV4(bytes).map((inner) => deniedBy(addressBytes(inner)!));
    const innerRule = innerRules.find((rule) => rule !== undefined);
    if (innerRule !== undefined) return `${innerRule} (inside an IPv6 address)`;
    if (!text.startsWith(NAT64_PREFIX) && !unicast.check(text, 'ipv6')) return 'not global unicast';
    return denied.find((rule) => rule.list.check(text, 'ipv6'))?.name ?? ours;
  };

  return {
    refusal: (address) => {
      const bytes = addressBytes(address);
      if (bytes === undefined) return 'not an address';
      return isOpen(bytes) ? undefined : deniedBy(bytes);
    },
  };
}

/** Whether a port chosen by a stranger may be connected to; bytes that are sent there must not mean anything to it. */
export function isOpenPort(port: number): boolean {
  return port < 1024 ? PORTS_PRIVILEGED.includes(port) : port <= 65_535 && !PORTS_DENIED.includes(port);
}

function isLoopback(text: string): boolean {
  return text.startsWith('127.') || text === '0:0:0:0:0:0:0:1';
}

function sameAddress(text: string, bytes: Uint8Array): boolean {
  const other = addressBytes(text);
  return other !== undefined && Buffer.compare(other, bytes) === 0;
}

/** Asking the system takes a file descriptor; a watcher that has none left goes by what it knew before. */
function lastKnown(ask: () => readonly string[]): () => readonly string[] {
  let known = ask();
  return () => {
    try {
      known = ask();
    } catch {
      // Keeps the list of the last success; the first one must succeed.
    }
    return known;
  };
}

function systemAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map((entry) => entry.address));
}

type Family = 'ipv4' | 'ipv6';

function rules(family: Family, table: readonly (readonly [string, string])[]): { name: string; list: BlockList }[] {
  return table.map(([subnet, name]) => ({ name: `${name} (${subnet})`, list: listOf(family, subnet) }));
}

function listOf(family: Family, subnet: string): BlockList {
  const [network = '', prefix] = subnet.split('/');
  const list = new BlockList();
  list.addSubnet(network, Number(prefix), family);
  return list;
}
