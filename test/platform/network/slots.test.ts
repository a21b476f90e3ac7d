import type { Connection } from '@libp2p/interface';
import { peerIdFromString } from '@libp2p/peer-id';
import { multiaddr } from '@multiformats/multiaddr';
import { beforeEach, describe, expect, test } from 'vitest';
import { createAddressPolicy } from '../../../platform/egress.ts';
import { connectionGater } from '../../../platform/network/gater.ts';
import { CONNECTIONS_PER_PEER_MAX, KEPT_CONNECTIONS, STRANGER_DIALS_BURST } from '../../../platform/network/limits.ts';
import { createReputation } from '../../../platform/network/reputation.ts';
import { createSlots } from '../../../platform/network/slots.ts';
import { peerIds } from './contacts.fixture.ts';

let open: string[];
beforeEach(() => {
  open = [];
});
const connections = () => open.map((peer) => ({ remotePeer: { toString: () => peer } }) as unknown as Connection);
const slotsOf = (max: number) => createSlots({ max, connections, isKept: (peer) => peer.startsWith('kept') });
/** Until what is done after the current turn of the event loop is done. */
const turn = () => new Promise<void>((resolve) => void setImmediate(resolve));

describe('places for connections', () => {
  test.each([
    [256, 256 - KEPT_CONNECTIONS],
    [8, 4],
    [1, 1],
  ])('of %s, strangers get %s', async (max, strangers) => {
    const slots = slotsOf(max);
    for (let i = 0; i < max; i += 1) {
      if (slots.admit(`stranger ${i}`)) open.push(`stranger ${i}`);
      await turn();
    }
    expect(open).toHaveLength(strangers);
    expect(slots.strangersFull()).toBe(true);
    expect(slots.admit('kept 1')).toBe(true);
  });

  test('are counted for connections that come at once, before any is listed', async () => {
    const slots = slotsOf(8);
    const admitted = Array.from({ length: 20 }, (_, i) => slots.admit(`stranger ${i}`)).filter(Boolean);
    expect(admitted).toHaveLength(4);
    // None of them was listed, so all of them failed.
    await turn();
    expect(slots.strangersFull()).toBe(false);
  });

  test('are few for one peer, a kept one too', async () => {
    const slots = slotsOf(64);
    for (const peer of ['kept 1', 'stranger 1']) {
      for (let i = 0; i < CONNECTIONS_PER_PEER_MAX; i += 1) {
        expect(slots.admit(peer)).toBe(true);
        open.push(peer);
        await turn();
      }
      expect(slots.admit(peer)).toBe(false);
    }
    expect(slots.admit('stranger 2')).toBe(true);
  });
});

describe('what this node connects to', async () => {
  const [stranger, kept] = (await peerIds(2)).map((id) => peerIdFromString(id));
  const configured = `/ip4/10.0.0.9/tcp/4601/p2p/${kept}`;
  const gaterOf = (scope: 'public' | 'private' = 'public', max = 256) =>
    connectionGater({
      reputation: createReputation(() => 0),
      slots: createSlots({ max, connections, isKept: () => false }),
      policy: createAddressPolicy({ scope, ownAddresses: () => ['8.8.4.4'] }),
      isKept: (peer) => peer === kept!.toString(),
      configured: new Set([configured]),
      now: () => 0,
    });

  test.each([
    ['a public address', '/ip4/9.9.9.9/tcp/4601', false],
    ['the same with a peer id', `/ip4/9.9.9.9/tcp/4601/p2p/${stranger}`, false],
    ['a configured one', configured, false],
    ['that one without its peer id', '/ip4/10.0.0.9/tcp/4601', true],
    ['loopback', '/ip4/127.0.0.1/tcp/4601', true],
    ['a private address', '/ip4/192.168.0.1/tcp/4601', true],
    ['a metadata server', '/ip4/169.254.169.254/tcp/80', true],
    ['a private address inside another', '/ip6/::ffff:10.0.0.1/tcp/4601', true],
    ['our own machine', '/ip4/8.8.4.4/tcp/4601', true],
    ['a name, which would be looked up behind our back', '/dns4/example.org/tcp/4601', true],
    ['a mail port', '/ip4/9.9.9.9/tcp/25', true],
    ['another transport', '/ip4/9.9.9.9/tcp/4601/ws', true],
    ['a relay', `/ip4/9.9.9.9/tcp/4601/p2p/${stranger}/p2p-circuit`, true],
  ])('may be at %s or not', async (_what, address, isDenied) => {
    expect(await gaterOf().denyDialMultiaddr?.(multiaddr(address))).toBe(isDenied);
  });

  test('may be in a private network where the configuration says so', async () => {
    for (const host of ['127.0.0.1', '10.1.2.3', '8.8.4.4']) {
      expect(await gaterOf('private').denyDialMultiaddr?.(multiaddr(`/ip4/${host}/tcp/4601`))).toBe(false);
    }
    expect(await gaterOf('private').denyDialMultiaddr?.(multiaddr('/ip4/169.254.1.1/tcp/4601'))).toBe(true);
  });

  test('is a bounded number of strangers in a short time, whoever introduces them', async () => {
    const gater = gaterOf();
    const denied = [];
    for (let i = 0; i < 2 * STRANGER_DIALS_BURST; i += 1) denied.push(await gater.denyDialPeer?.(stranger!));
    expect(denied.filter((one) => !one)).toHaveLength(STRANGER_DIALS_BURST);
    expect(await gater.denyDialPeer?.(kept!)).toBe(false);
  });

  test('is no stranger when strangers have all that is theirs', async () => {
    const gater = gaterOf('public', 2);
    expect(await gater.denyDialPeer?.(stranger!)).toBe(false);
    open.push('somebody');
    expect(await gater.denyDialPeer?.(stranger!)).toBe(true);
    expect(await gater.denyDialPeer?.(kept!)).toBe(false);
  });
});
