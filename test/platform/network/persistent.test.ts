import type { Libp2p, PeerId } from '@libp2p/interface';
import { peerIdFromString } from '@libp2p/peer-id';
import type { Multiaddr } from '@multiformats/multiaddr';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Contact } from '../../../platform/contact.ts';
import { createAddressPolicy } from '../../../platform/egress.ts';
import { noMetrics } from '../../../platform/metrics.ts';
import {
  CARE_MILLIS,
  NETWORK_DIALS_BURST,
  NETWORK_DIALS_PER_SECOND,
  PERSISTENT_DIALS_BURST,
  PERSISTENT_DIALS_PER_SECOND,
  PERSISTENT_FAILURES_MAX,
  PERSISTENT_PEERS,
  PERSISTENT_ROTATE_MILLIS,
  REGISTERED_CONNECTED_MAX,
} from '../../../platform/network/limits.ts';
import { createPersistent, type Persistent, type PersistentOptions } from '../../../platform/network/persistent.ts';
import { type Line, recordingLog } from '../../support/simnet/log.ts';
import { contactOf, numbers, peerIds } from './contacts.fixture.ts';

const PEERS = await peerIds(60);
const SELF = PEERS[59]!;

let millis: number;
let lines: Line[];
/** Addresses dialled, in order. */
let dialled: { peer: string; address: string; atMillis: number }[];
let connected: Set<string>;
let hungUp: string[];
let tagged: Set<string>;
/** Whether somebody answers at an address. */
let answers: (address: string, peer: string) => boolean;
let resolve: PersistentOptions['resolve'];

beforeEach(() => {
  millis = 1_000;
  lines = [];
  dialled = [];
  connected = new Set();
  hungUp = [];
  tagged = new Set();
  answers = () => true;
  resolve = async () => [];
});

const libp2p = {
  peerId: peerIdFromString(SELF),
  getPeers: () => [...connected].map((peer) => peerIdFromString(peer)),
  dial: async (addresses: Multiaddr[]) => {
    const texts = addresses.map(String);
    const peer = texts[0]!.split('/').at(-1)!;
    for (const address of texts) dialled.push({ peer, address, atMillis: millis });
    if (!texts.some((address) => answers(address, peer))) throw new Error('nobody answers');
    connected.add(peer);
  },
  hangUp: async (peer: PeerId) => {
    hungUp.push(peer.toString());
    connected.delete(peer.toString());
  },
  peerStore: {
    merge: async (peer: PeerId, { tags }: { tags: Record<string, unknown> }) => {
      if (Object.values(tags)[0]) tagged.add(peer.toString());
      else tagged.delete(peer.toString());
    },
  },
} as unknown as Libp2p;

function create(change: Partial<PersistentOptions> = {}): Persistent {
  return createPersistent({
    libp2p,
    policy: createAddressPolicy({ scope: 'public', ownAddresses: () => [] }),
    resolve: (name) => resolve(name),
    random: numbers(1),
    now: () => millis,
    redialMillisMax: 30_000,
    stopping: new AbortController().signal,
    log: recordingLog(lines, {}),
    metrics: noMetrics,
    ...change,
  });
}

/** A seat in a network of its own. */
const published = (seat: number, change: Partial<Contact> = {}) =>
  contactOf(seat, { addresses: [`/ip4/20.${seat}.0.1/tcp/4601/p2p/${PEERS[seat]}`], ...change });
const set = (count: number) => Array.from({ length: count }, (_, seat) => published(seat));
const chosen = (persistent: Persistent) => PEERS.filter((peer) => persistent.isChosen(peer));

/** Lets so much time pass, with a look at the connections as often as in production, and every dial ended in between. */
async function pass(persistent: Persistent, forMillis: number): Promise<void> {
  for (const end = millis + forMillis; millis < end; millis += CARE_MILLIS) {
    persistent.care();
    for (let i = 0; i < 8; i += 1) await Promise.resolve();
  }
}

describe('peers of the registry', () => {
  test('are kept connected, a bounded number of them, and marked as those to be closed last', async () => {
    const persistent = create();
    persistent.know(set(40));
    await pass(persistent, 1_000);
    expect(connected.size).toBe(PERSISTENT_PEERS);
    expect(chosen(persistent).sort()).toEqual([...connected].sort());
    expect(tagged).toEqual(connected);
    expect(persistent.isWellConnected()).toBe(true);
    expect(PEERS.filter((peer) => persistent.isRegistered(peer))).toHaveLength(40);
    await pass(persistent, 60_000);
    expect(dialled).toHaveLength(PERSISTENT_PEERS);
  });

  test('are our draw and not who came to us', async () => {
    // The last ten of forty are connected already, as an attacker with ten seats would see to.
    const persistent = create();
    for (const peer of PEERS.slice(30, 40)) connected.add(peer);
    persistent.know(set(40));
    await pass(persistent, 1_000);
    const honest = chosen(persistent).filter((peer) => PEERS.indexOf(peer) < 30);
    expect(honest.length).toBeGreaterThanOrEqual(4);
    for (const peer of honest) expect(connected).toContain(peer);
  });

  test('that are gone are dialled again, with a growing wait', async () => {
    const persistent = create();
    persistent.know([published(0)]);
    await pass(persistent, 1_000);
    expect(dialled).toHaveLength(1);
    connected.clear();
    answers = () => false;
    await pass(persistent, 10 * 60_000);
    const waits = dialled.slice(2).map(({ atMillis }, i) => atMillis - dialled[i + 1]!.atMillis);
    expect(waits[0]).toBeLessThan(1_000);
    // Alone: as often as a bootnode, and not at the longest wait.
    expect(Math.max(...waits.slice(-3))).toBeLessThanOrEqual(60_000);
    expect(dialled.length).toBeGreaterThan(10);
    answers = () => true;
    await pass(persistent, 60_000);
    expect(connected).toEqual(new Set([PEERS[0]]));
  });

  test('that cannot be reached make room for others, and rest longer than bootnodes do', async () => {
    answers = (_address, peer) => PEERS.indexOf(peer) % 2 === 0;
    const persistent = create();
    persistent.know(set(40));
    await pass(persistent, 5 * 60_000);
    expect(connected.size).toBe(PERSISTENT_PEERS);
    expect(chosen(persistent).map((peer) => PEERS.indexOf(peer) % 2)).toEqual(Array(PERSISTENT_PEERS).fill(0));
    const failed = dialled.filter(({ peer }) => PEERS.indexOf(peer) % 2 === 1);
    for (const { peer } of failed) {
      expect(failed.filter((one) => one.peer === peer).length).toBeLessThanOrEqual(PERSISTENT_FAILURES_MAX);
    }
  });

  test('are exchanged one at a time, so that all are met, and surplus ones are let go', async () => {
    const persistent = create();
    persistent.know(set(40));
    const met = new Set<string>();
    await pass(persistent, 1_000);
    let before = chosen(persistent);
    for (let i = 0; i < 100; i += 1) {
      millis += PERSISTENT_ROTATE_MILLIS - 2_000;
      await pass(persistent, 2_000);
      const after = chosen(persistent);
      expect(after).toHaveLength(PERSISTENT_PEERS);
      expect(after.filter((peer) => !before.includes(peer))).toHaveLength(1);
      for (const peer of after) met.add(peer);
      before = after;
    }
    expect(met.size).toBeGreaterThan(35);
    expect(connected.size).toBeLessThanOrEqual(REGISTERED_CONNECTED_MAX + 1);
    expect(hungUp.length).toBeGreaterThan(0);
    expect([...tagged].sort()).toEqual(before.sort());
  });

  test('in a set too small to choose from are all kept, without exchange', async () => {
    const persistent = create();
    persistent.know(set(5));
    await pass(persistent, 2 * PERSISTENT_ROTATE_MILLIS);
    expect(chosen(persistent)).toHaveLength(5);
    expect(dialled).toHaveLength(5);
    expect(hungUp).toEqual([]);
  });

  test('follow what the chain says: moved ones are dialled anew, left ones are forgotten, and we are none', async () => {
    const persistent = create();
    const [a, b] = [published(0), published(1)];
    const ourselves = published(2, { addresses: [`/ip4/20.2.0.1/tcp/4601/p2p/${SELF}`] });
    persistent.know([a, b, ourselves]);
    await pass(persistent, 1_000);
    expect(connected).toEqual(new Set([PEERS[0], PEERS[1]]));
    connected.clear();
    const moved = `/ip4/21.0.0.1/tcp/4601/p2p/${PEERS[0]}`;
    persistent.know([{ ...a, addresses: [moved] }]);
    await pass(persistent, 1_000);
    expect(dialled.slice(2).map(({ address }) => address)).toEqual([moved]);
    expect([persistent.isChosen(PEERS[1]!), persistent.isRegistered(PEERS[1]!)]).toEqual([false, false]);
    expect(tagged).toEqual(new Set([PEERS[0]]));
    persistent.know([]);
    expect(chosen(persistent)).toEqual([]);
  });

  test('that say the same again lose nothing: neither place nor wait', async () => {
    answers = () => false;
    const persistent = create();
    persistent.know([published(0)]);
    await pass(persistent, 20_000);
    const count = dialled.length;
    for (let i = 0; i < 20; i += 1) persistent.know([published(0)]);
    await pass(persistent, CARE_MILLIS);
    expect(dialled.length - count).toBeLessThanOrEqual(1);
  });
});

describe('addresses on chain', () => {
  test('that are malformed or lead to private networks are skipped, logged once, and never dialled', async () => {
    const persistent = create();
    const addresses = ['junk', `/ip4/10.0.0.1/tcp/4601/p2p/${PEERS[1]}`, `/ip4/9.9.9.9/tcp/25/p2p/${PEERS[1]}`];
    const contacts = [published(0), published(1, { addresses })];
    for (let i = 0; i < 3; i += 1) {
      persistent.know(contacts);
      await pass(persistent, 1_000);
    }
    expect(dialled.map(({ peer }) => peer)).toEqual([PEERS[0]]);
    const logged = lines.filter(({ message }) => message === 'an address on chain is not dialled');
    expect(logged.map(({ fields }) => fields)).toEqual([
      expect.objectContaining({ seat: 1, address: 'junk' }),
      expect.objectContaining({ seat: 1, reason: expect.stringContaining('private') }),
      expect.objectContaining({ seat: 1, reason: expect.stringContaining('has port 25') }),
    ]);
  });

  test('are taken from no more seats and in no greater length than the registry has', async () => {
    const persistent = create();
    const address = `x${'y'.repeat(1_000_000)}`;
    persistent.know(
      Array.from({ length: 2_000 }, (_, seat) => contactOf(seat, { addresses: Array(1_000).fill(address) })),
    );
    expect(lines).toHaveLength(512 * 4);
    expect(JSON.stringify(lines[0]).length).toBeLessThan(500);
  });

  test('that are names are looked up, and what they lead to is checked again', async () => {
    const asked: string[] = [];
    resolve = async (name) => {
      asked.push(name);
      return ['127.0.0.1', '10.0.0.1', '169.254.169.254', '::1', 'fd00::1', '9.9.9.9'];
    };
    const persistent = create();
    persistent.know([published(0, { addresses: [`/dns4/watcher.example.org/tcp/4601/p2p/${PEERS[0]}`] })]);
    await pass(persistent, 1_000);
    expect(asked).toEqual(['watcher.example.org']);
    expect(dialled.map(({ address }) => address)).toEqual([`/ip4/9.9.9.9/tcp/4601/p2p/${PEERS[0]}`]);
  });

  test('whose name cannot be looked up are tried again later', async () => {
    resolve = async () => {
      throw new Error('no DNS');
    };
    const persistent = create();
    persistent.know([published(0, { addresses: [`/dns4/watcher.example.org/tcp/4601/p2p/${PEERS[0]}`] })]);
    await pass(persistent, 2_000);
    resolve = async () => ['9.9.9.9'];
    await pass(persistent, 10_000);
    expect(connected).toEqual(new Set([PEERS[0]]));
  });

  test('of a bystander, whom fifty seats name, are dialled no more often than one network may be', async () => {
    answers = () => false;
    const persistent = create();
    const victim = (seat: number) => `/ip4/9.9.9.${seat}/tcp/${4_601 + seat}/p2p/${PEERS[seat]}`;
    persistent.know(Array.from({ length: 50 }, (_, seat) => contactOf(seat, { addresses: [victim(seat)] })));
    const minutes = 30;
    await pass(persistent, minutes * 60_000);
    expect(dialled.length).toBeGreaterThan(NETWORK_DIALS_BURST);
    expect(dialled.length).toBeLessThanOrEqual(NETWORK_DIALS_BURST + minutes * 60 * NETWORK_DIALS_PER_SECOND);
  });

  test('are dialled at a bounded rate, wherever they lead', async () => {
    answers = () => false;
    const persistent = create();
    persistent.know(set(59));
    const seconds = 120;
    await pass(persistent, seconds * 1_000);
    expect(dialled.length).toBeGreaterThan(PERSISTENT_DIALS_BURST);
    expect(dialled.length).toBeLessThanOrEqual(PERSISTENT_DIALS_BURST + seconds * PERSISTENT_DIALS_PER_SECOND + 1);
  });
});
