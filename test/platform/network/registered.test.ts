import { describe, expect, test } from 'vitest';
import { createAddressPolicy } from '../../../platform/egress.ts';
import { prefixOf, readContact, SEAT_ADDRESSES_MAX } from '../../../platform/network/registered.ts';
import { contactOf, numbers, peerIds } from './contacts.fixture.ts';

const policy = createAddressPolicy({ scope: 'public', ownAddresses: () => ['8.8.4.4'] });
const [PEER, OTHER] = (await peerIds(2)) as [string, string];
const read = (...addresses: string[]) => readContact(contactOf(3, { addresses }), policy);

describe('what a seat published', () => {
  test('is read as hosts, ports and one peer id', () => {
    const { peer, refused } = read(
      `/ip4/9.9.9.9/tcp/4601/p2p/${PEER}`,
      `/ip6/2606:4700::1111/tcp/443/p2p/${PEER}`,
      `/dns4/one.Example.org/tcp/4602/p2p/${PEER}`,
    );
    expect(refused).toEqual([]);
    expect(peer).toMatchObject({
      seat: 3,
      peer: PEER,
      endpoints: [
        { host: '9.9.9.9', isName: false, port: 4601 },
        { host: '2606:4700::1111', isName: false, port: 443 },
        { host: 'one.Example.org', isName: true, port: 4602 },
      ],
      networks: ['4:9.9', '6:38.6.71.0', 'name example.org'],
    });
  });

  test.each([
    ['an empty text', '', 'is not of the form'],
    ['nonsense', 'watcher.example:4601', 'is not of the form'],
    ['no peer id', '/ip4/9.9.9.9/tcp/4601', 'is not of the form'],
    ['a peer id that is none', '/ip4/9.9.9.9/tcp/4601/p2p/12D3KooW', 'names no peer id'],
    ['another protocol', `/ip4/9.9.9.9/udp/4601/quic-v1/p2p/${PEER}`, 'is not of the form'],
    ['a relay', `/ip4/9.9.9.9/tcp/4601/p2p/${PEER}/p2p-circuit`, 'is not of the form'],
    ['a list of names elsewhere', `/dnsaddr/example.org/tcp/4601/p2p/${PEER}`, 'is not of the form'],
    ['a mail port', `/ip4/9.9.9.9/tcp/25/p2p/${PEER}`, 'has port 25'],
    ['port 0', `/ip4/9.9.9.9/tcp/0/p2p/${PEER}`, 'has port 0'],
    ['a port beyond the last', `/ip4/9.9.9.9/tcp/65536/p2p/${PEER}`, 'has port 65536'],
    ['loopback', `/ip4/127.0.0.1/tcp/4601/p2p/${PEER}`, 'loopback'],
    ['a private address', `/ip4/192.168.1.1/tcp/4601/p2p/${PEER}`, 'private'],
    ['a metadata server', `/ip4/169.254.169.254/tcp/80/p2p/${PEER}`, 'link-local'],
    ['a private address inside another', `/ip6/::ffff:10.0.0.1/tcp/4601/p2p/${PEER}`, 'private'],
    ['a unique local address', `/ip6/fd00::1/tcp/4601/p2p/${PEER}`, 'not global unicast'],
    ['our own machine', `/ip4/8.8.4.4/tcp/4601/p2p/${PEER}`, 'an address of this machine'],
    ['an address in another notation', `/ip4/2130706433/tcp/4601/p2p/${PEER}`, 'names no address'],
    ['an address as a name', `/dns4/127.0.0.1/tcp/4601/p2p/${PEER}`, 'names no host'],
    ['a name of this machine', `/dns4/localhost/tcp/4601/p2p/${PEER}`, 'names no host'],
    ['a line break', `/dns4/a.example\n/tcp/4601/p2p/${PEER}`, 'names no host'],
    ['more than an address has', `/dns4/${'a.'.repeat(60)}org/tcp/4601/p2p/${PEER}`, 'is too long'],
  ])('is refused when it has %s', (_what, address, reason) => {
    const { peer, refused } = read(address);
    expect(peer).toBeUndefined();
    expect(refused).toEqual([{ address: address.slice(0, 128), reason: expect.stringContaining(reason) }]);
  });

  test('keeps what is good of it, under the first peer id that is', () => {
    const good = `/ip4/9.9.9.9/tcp/4601/p2p/${PEER}`;
    const { peer, refused } = read('junk', good, `/ip4/9.9.9.10/tcp/4601/p2p/${OTHER}`);
    expect(peer).toMatchObject({ peer: PEER, endpoints: [{ host: '9.9.9.9' }] });
    expect(refused.map(({ reason }) => reason)).toEqual([
      expect.stringContaining('is not of the form'),
      'is of another peer id than the first',
    ]);
  });

  test('is read no further than the registry lets it go', () => {
    const { refused } = read(...Array<string>(1_000).fill('junk'));
    expect(refused).toHaveLength(SEAT_ADDRESSES_MAX);
  });

  test('of private networks is taken where the configuration allows them, and still no other range', () => {
    const scope = createAddressPolicy({ scope: 'private', ownAddresses: () => ['8.8.4.4'] });
    const hosts = [
      '127.0.0.1',
      '10.1.2.3',
      '192.168.1.1',
      '100.64.0.1',
      '8.8.4.4',
      '169.254.1.1',
      '224.0.0.1',
      '0.0.0.0',
    ];
    const taken = hosts.filter((host) => {
      const addresses = [`/ip4/${host}/tcp/4601/p2p/${PEER}`];
      return readContact(contactOf(0, { addresses }), scope).peer !== undefined;
    });
    expect(taken).toEqual(['127.0.0.1', '10.1.2.3', '192.168.1.1', '100.64.0.1', '8.8.4.4']);
  });

  test('never makes the reader fail, whatever bytes it has', () => {
    const random = numbers(7);
    const pieces = ['/', 'ip4', 'dns4', 'tcp', 'p2p', '9.9.9.9', '4601', PEER, '\0', '😀', '%', '::', '-1', ' ', 'é'];
    for (let i = 0; i < 5_000; i += 1) {
      const count = Math.floor(random() * 14);
      const parts = Array.from({ length: count }, () => pieces[Math.floor(random() * pieces.length)]!);
      expect(() => read(parts.join(random() < 0.5 ? '/' : ''))).not.toThrow();
    }
  });
});

test('a network is the first bits of its addresses', () => {
  expect(prefixOf('203.0.113.9', 24, 48)).toBe(prefixOf('203.0.113.200', 24, 48));
  expect(prefixOf('203.0.113.9', 24, 48)).not.toBe(prefixOf('203.0.114.9', 24, 48));
  expect(prefixOf('2606:4700:1::1', 24, 48)).toBe(prefixOf('2606:4700:1:ffff::1', 24, 48));
  expect(prefixOf('2606:4700:1::1', 24, 48)).not.toBe(prefixOf('2606:4700:2::1', 24, 48));
});
