import { generateKeyPair } from '@libp2p/crypto/keys';
import { peerIdFromPrivateKey } from '@libp2p/peer-id';
import type { Contact } from '../../../platform/contact.ts';
import type { Libp2pNetwork } from '../../../platform/network/libp2p.ts';

/** What a seat published; everything that a test does not name differs from seat to seat. */
export function contactOf(seat: number, change: Partial<Contact> = {}): Contact {
  return {
    seat,
    operator: `0x${seat.toString(16).padStart(40, '0')}`,
    stake: 100n,
    operatorId: '',
    region: 0,
    asn: 0,
    addresses: [],
    ...change,
  };
}

/** The seats of nodes that run, in order. */
export function contactsOf(nodes: readonly Libp2pNetwork[]): Contact[] {
  return nodes.map((node, seat) => contactOf(seat, { addresses: node.addresses() }));
}

export async function peerIds(count: number): Promise<string[]> {
  const keys = await Promise.all(Array.from({ length: count }, () => generateKeyPair('Ed25519')));
  return keys.map((key) => peerIdFromPrivateKey(key).toString());
}

/** Numbers in [0, 1) that are the same in every run. */
export function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    // mulberry32
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
