import { isIPv4, isIPv6 } from 'node:net';
import { peerIdFromString } from '@libp2p/peer-id';
import { addressBytes } from '../address.ts';
import type { Contact } from '../contact.ts';
import { type AddressPolicy, isOpenPort } from '../egress.ts';

/** Addresses read of one seat: as many as the registry takes. */
export const SEAT_ADDRESSES_MAX = 4;
/** Longer addresses are refused unread: as the registry does. */
export const SEAT_ADDRESS_CHARACTERS_MAX = 128;

/** Where a connection may be tried: an IP address, or a name that is looked up first. */
export type Endpoint = { readonly host: string; readonly isName: boolean; readonly port: number };

/** A seat of the registry as a peer: what it published, as far as it can be dialled. */
export type RegisteredPeer = {
  readonly seat: number;
  /** The peer id that the operator published; whoever answers must prove it. */
  readonly peer: string;
  readonly stake: bigint;
  /** Names that say whose it is: the account, and the operator's label if there is one. */
  readonly operators: readonly string[];
  /** 0 and 0 when not said. */
  readonly region: number;
  readonly asn: number;
  readonly endpoints: readonly Endpoint[];
  /** Networks that its addresses are in: /16 of IPv4, /32 of IPv6, the registered part of a name. */
  readonly networks: readonly string[];
};

export type Refused = { readonly address: string; readonly reason: string };

/** All that is taken: one host, one TCP port, one peer id. No relays, no chains of protocols, no /dnsaddr. */
const ADDRESS = /^\/(ip4|ip6|dns|dns4|dns6)\/([^/]{1,64})\/tcp\/([0-9]{1,5})\/p2p\/([A-Za-z0-9]{1,64})$/;
const NAME = /^(?=.*[a-z])[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})+$/i;

/** Reads what an operator published. Never throws: what cannot be dialled is refused with its reason, which completes "it …". */
export function readContact(contact: Contact, policy: AddressPolicy): { peer?: RegisteredPeer; refused: Refused[] } {
  const refused: Refused[] = [];
  const endpoints: Endpoint[] = [];
  let peer: string | undefined;
  for (const address of contact.addresses.slice(0, SEAT_ADDRESSES_MAX)) {
    const read = readAddress(address, policy);
    if ('reason' in read || (peer !== undefined && peer !== read.peer)) {
      const reason = 'reason' in read ? read.reason : 'is of another peer id than the first';
      refused.push({ address: address.slice(0, SEAT_ADDRESS_CHARACTERS_MAX), reason });
      continue;
    }
    peer = read.peer;
    endpoints.push(read.endpoint);
  }
  if (peer === undefined) return { refused };
  const { seat, stake, operator, operatorId, region, asn } = contact;
  const operators = [operator, ...(operatorId === '' ? [] : [`name ${operatorId}`])];
  const networks = [...new Set(endpoints.map(networkOf))];
  return { peer: { seat, peer, stake, operators, region, asn, endpoints, networks }, refused };
}

function readAddress(
  address: string,
  policy: AddressPolicy,
): { peer: string; endpoint: Endpoint } | { reason: string } {
  if (address.length > SEAT_ADDRESS_CHARACTERS_MAX) return { reason: 'is too long' };
  const [, protocol, host = '', digits = '', id = ''] = ADDRESS.exec(address) ?? [];
  if (protocol === undefined) return { reason: 'is not of the form /ip4/192.0.2.1/tcp/4601/p2p/12D3KooW…' };
  const port = Number(digits);
  if (!isOpenPort(port)) return { reason: `has port ${port}, which is not dialled` };
  const peer = peerIdOf(id);
  if (peer === undefined) return { reason: 'names no peer id' };
  const isName = protocol.startsWith('dns');
  if (isName ? !NAME.test(host) : protocol === 'ip4' ? !isIPv4(host) : !isIPv6(host)) {
    return { reason: isName ? 'names no host' : 'names no address' };
  }
  const rule = isName ? undefined : policy.refusal(host);
  return rule === undefined ? { peer, endpoint: { host, isName, port } } : { reason: `is ${rule}` };
}

/** The one way in which the id is written elsewhere. */
function peerIdOf(text: string): string | undefined {
  try {
    return peerIdFromString(text).toString();
  } catch {
    return undefined;
  }
}

function networkOf({ host, isName }: Endpoint): string {
  return isName ? `name ${host.toLowerCase().split('.').slice(-2).join('.')}` : prefixOf(host, 16, 32);
}

/** The first bits of an address, as a key; bits are multiples of 8. */
export function prefixOf(address: string, bitsV4: number, bitsV6: number): string {
  const bytes = addressBytes(address) ?? new Uint8Array();
  const [from, bits] = isIPv4(address) ? [12, bitsV4] : [0, bitsV6];
  return `${isIPv4(address) ? 4 : 6}:${bytes.subarray(from, from + bits / 8).join('.')}`;
}
