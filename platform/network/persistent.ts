import type { Libp2p } from '@libp2p/interface';
import { peerIdFromString } from '@libp2p/peer-id';
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr';
import { SEATS_MAX } from '../../protocol/limits.ts';
import type { Contact } from '../contact.ts';
import { type AddressPolicy, createAddressPolicy } from '../egress.ts';
import type { Log } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import { dialPeer, protectPeer, redialWait } from './dial.ts';
import {
  CARE_MILLIS,
  NAME_ADDRESSES_MAX,
  NETWORK_DIALS_BURST,
  NETWORK_DIALS_PER_SECOND,
  PERSISTENT_DIALS_BURST,
  PERSISTENT_DIALS_PER_SECOND,
  PERSISTENT_FAILURES_MAX,
  PERSISTENT_PEERS,
  PERSISTENT_REDIAL_MILLIS_MAX,
  PERSISTENT_ROTATE_MILLIS,
  REGISTERED_CONNECTED_MAX,
} from './limits.ts';
import { createQuota, type MonotonicMillis } from './quota.ts';
import {
  prefixOf,
  type RegisteredPeer,
  readContact,
  SEAT_ADDRESS_CHARACTERS_MAX,
  SEAT_ADDRESSES_MAX,
} from './registered.ts';
import type { ResolveName } from './resolve.ts';
import { drawSpread } from './spread.ts';

export interface PersistentOptions {
  readonly libp2p: Pick<Libp2p, 'peerId' | 'getPeers' | 'dial' | 'hangUp' | 'peerStore'>;
  readonly policy: AddressPolicy;
  readonly resolve: ResolveName;
  /** A number in [0, 1). */
  readonly random: () => number;
  readonly now: MonotonicMillis;
  readonly redialMillisMax: number;
  readonly stopping: AbortSignal;
  readonly log: Log;
  readonly metrics: Metrics;
}

export interface Persistent {
  /** Replaces what is known of the seats. */
  know(contacts: readonly Contact[]): void;
  /** One look at the connections: rotates, draws, dials. Called by a timer after `start`. */
  care(): void;
  /** @returns the function that ends it */
  start(): () => void;
  /** Whether a seat published this peer id. */
  isRegistered(peer: string): boolean;
  /** Whether it is one of those that we drew. */
  isChosen(peer: string): boolean;
  /** Whether at least half of those that we drew are connected: no introductions are needed then. */
  isWellConnected(): boolean;
}

type Target = {
  known: RegisteredPeer;
  failures: number;
  dueAt: number;
  isDialling: boolean;
  /** When it was drawn; undefined for one that is not. */
  chosenAt: number | undefined;
};

/** Public addresses and no other: what is open only because the configuration says so is not counted against a network. */
const PUBLIC = createAddressPolicy({ scope: 'public', ownAddresses: () => [] });

/**
 * Keeps connections to peers that the chain names. Which ones is our own draw by stake, and never who came to us: an attacker
 * who holds every bootnode and floods us with connections still cannot choose whom we listen to. One of them is exchanged
 * now and then, and one that cannot be reached makes room for another.
 */
export function createPersistent(options: PersistentOptions): Persistent {
  const { libp2p, now, random, log, metrics } = options;
  const self = libp2p.peerId.toString();
  let targets = new Map<number, Target>();
  /** What each seat said when it was last read: a refusal is logged once. */
  let texts = new Map<number, string>();
  let registered = new Set<string>();
  let chosenPeers = new Set<string>();
  let isWellConnected = false;
  /** Peer ids with a connection, as of the last look. */
  let connected = new Set<string>();
  let rotateAt = now() + PERSISTENT_ROTATE_MILLIS;
  const dials = createQuota({ burst: PERSISTENT_DIALS_BURST, perSecond: PERSISTENT_DIALS_PER_SECOND }, now);
  const dialsOfNetwork = createQuota({ burst: NETWORK_DIALS_BURST, perSecond: NETWORK_DIALS_PER_SECOND }, now);

  const all = () => [...targets.values()];
  const chosen = () => all().filter(({ chosenAt }) => chosenAt !== undefined);
  const isConnected = ({ known }: Target) => connected.has(known.peer);
  const lookUp = (): void => {
    connected = new Set(libp2p.getPeers().map(String));
  };
  /** One that may be worth a dial. */
  const isRested = ({ failures, dueAt }: Target) => failures < PERSISTENT_FAILURES_MAX || now() >= dueAt;
  const unchosen = () => all().filter(({ chosenAt }) => chosenAt === undefined);
  const spares = () => unchosen().filter(isRested);

  const release = (target: Target): void => {
    target.chosenAt = undefined;
    void protectPeer(target.known.peer, false, options);
  };

  const note = (): void => {
    const drawn = chosen();
    chosenPeers = new Set(drawn.map(({ known }) => known.peer));
    const up = drawn.filter(isConnected).length;
    isWellConnected = drawn.length > 0 && 2 * up >= drawn.length;
    metrics.set('plumbline_registered_peers', { state: 'known' }, targets.size);
    metrics.set('plumbline_registered_peers', { state: 'chosen' }, drawn.length);
    metrics.set('plumbline_registered_peers', { state: 'connected' }, up);
  };

  const rotate = (): void => {
    if (now() < rotateAt) return;
    rotateAt = now() + PERSISTENT_ROTATE_MILLIS;
    const drawn = chosen();
    const [oldest] = drawn.toSorted((a, b) => (a.chosenAt ?? 0) - (b.chosenAt ?? 0));
    if (!oldest || drawn.length < PERSISTENT_PEERS || spares().length === 0) return;
    // Its place is filled before it may be drawn again.
    const rest = drawn.filter((target) => target !== oldest);
    fill(rest, spares());
    release(oldest);
    if (all().filter(isConnected).length <= REGISTERED_CONNECTED_MAX) return;
    libp2p.hangUp(peerIdFromString(oldest.known.peer)).catch((err: unknown) => log.debug({ err }, 'hanging up failed'));
  };

  const fill = (kept: readonly Target[], from: readonly Target[]): void => {
    const keptPeers = kept.map(({ known }) => known);
    const candidates = from.map(({ known }) => known);
    for (const { seat, peer } of drawSpread(candidates, keptPeers, PERSISTENT_PEERS, random)) {
      targets.get(seat)!.chosenAt = now();
      void protectPeer(peer, true, options);
    }
  };

  /** A place is given up when another peer is there for it; whoever may be tried again right now keeps it until it was. */
  const replaceLost = (): void => {
    const lost = chosen().filter((target) => !target.isDialling && !isConnected(target) && !isRested(target));
    for (const target of lost.slice(0, spares().length)) release(target);
  };

  const care = (): void => {
    lookUp();
    for (const target of chosen()) {
      if (isConnected(target)) Object.assign(target, { failures: 0, dueAt: 0 });
    }
    rotate();
    replaceLost();
    if (chosen().length < PERSISTENT_PEERS) fill(chosen(), spares());
    // Rather one that failed than none.
    if (chosen().length < PERSISTENT_PEERS) fill(chosen(), unchosen());
    for (const target of chosen()) {
      if (!target.isDialling && !isConnected(target) && now() >= target.dueAt && dials.take('')) void dial(target);
    }
    note();
  };

  const dial = async (target: Target): Promise<void> => {
    target.isDialling = true;
    const addresses = await addressesOf(target.known, options, (network) => dialsOfNetwork.take(network)).catch(
      (err: unknown) => {
        log.debug({ err, seat: target.known.seat }, 'the addresses of a seat could not be looked up');
        return [];
      },
    );
    const isUp = addresses.length > 0 && (await dialPeer(target.known.peer, addresses, options));
    target.isDialling = false;
    lookUp();
    target.failures = isUp ? 0 : target.failures + 1;
    // Without any of them we may be cut off: then every one is tried as often as a bootnode.
    const isAlone = !chosen().some(isConnected);
    const max = isAlone ? options.redialMillisMax : PERSISTENT_REDIAL_MILLIS_MAX;
    target.dueAt = now() + redialWait(target.failures, max);
  };

  const read = (contact: Contact, text: string): RegisteredPeer | undefined => {
    const { peer, refused } = readContact(contact, options.policy);
    if (peer?.peer === self) return undefined;
    if (texts.get(contact.seat) === text) return peer;
    for (const { address, reason } of refused) {
      log.info({ seat: contact.seat, address, reason }, 'an address on chain is not dialled');
    }
    return peer;
  };

  const know = (contacts: readonly Contact[]): void => {
    const next = new Map<number, Target>();
    const nextTexts = new Map<number, string>();
    for (const contact of contacts.slice(0, SEATS_MAX).map(bounded)) {
      const text = JSON.stringify({ ...contact, stake: `${contact.stake}` });
      nextTexts.set(contact.seat, text);
      const before = targets.get(contact.seat);
      const known = before && texts.get(contact.seat) === text ? before.known : read(contact, text);
      if (!known) continue;
      const state = before?.known === known ? before : { failures: 0, dueAt: 0, isDialling: false };
      const chosenAt = before?.known.peer === known.peer ? before.chosenAt : undefined;
      next.set(contact.seat, Object.assign(state, { known, chosenAt }));
    }
    for (const [seat, target] of targets) {
      if (target.chosenAt !== undefined && next.get(seat)?.known.peer !== target.known.peer) release(target);
    }
    [targets, texts] = [next, nextTexts];
    registered = new Set(all().map(({ known }) => known.peer));
    note();
  };

  return {
    know,
    care,
    start: () => {
      const timer = setInterval(care, CARE_MILLIS);
      return () => clearInterval(timer);
    },
    isRegistered: (peer) => registered.has(peer),
    isChosen: (peer) => chosenPeers.has(peer),
    isWellConnected: () => isWellConnected,
  };
}

/** As much as is read of what a seat says: more does not come from the registry. */
function bounded(contact: Contact): Contact {
  const addresses = contact.addresses
    .slice(0, SEAT_ADDRESSES_MAX)
    .map((address) => address.slice(0, SEAT_ADDRESS_CHARACTERS_MAX + 1));
  return { ...contact, addresses };
}

/** What of a peer may be dialled now: names looked up, addresses checked again, no network dialled too often. */
async function addressesOf(
  { peer, endpoints }: RegisteredPeer,
  { policy, resolve }: PersistentOptions,
  mayDial: (network: string) => boolean,
): Promise<Multiaddr[]> {
  const found: Multiaddr[] = [];
  for (const { host, isName, port } of endpoints) {
    for (const address of isName ? await resolve(host) : [host]) {
      if (found.length >= NAME_ADDRESSES_MAX || policy.refusal(address) !== undefined) continue;
      if (PUBLIC.refusal(address) === undefined && !mayDial(prefixOf(address, 24, 48))) continue;
      found.push(multiaddr(`/${address.includes(':') ? 'ip6' : 'ip4'}/${address}/tcp/${port}/p2p/${peer}`));
    }
  }
  return found;
}
