import { BlockList, isIPv4 } from 'node:net';
import { describe, expect, test } from 'vitest';
import {
  createAddressPolicy,
  deniedSubnets,
  type EgressScope,
  isOpenPort,
  OWN_ADDRESS,
} from '../../platform/egress.ts';

const OWN = '8.8.4.4';
const refusal = (scope: EgressScope, address: string) =>
  createAddressPolicy({ scope, ownAddresses: () => [OWN, '192.168.7.7'] }).refusal(address);

describe('an address that a stranger chose', () => {
  test.each([
    ['9.9.9.9', true, true, true],
    ['2606:4700::1111', true, true, true],
    ['127.0.0.1', false, true, true],
    ['::1', false, true, true],
    ['10.0.0.1', false, false, true],
    ['172.31.0.1', false, false, true],
    ['192.168.7.8', false, false, true],
    ['192.168.7.7', false, false, true],
    ['100.64.0.1', false, false, true],
    ['fd00::1', false, false, true],
    [OWN, false, false, true],
    ['0.0.0.0', false, false, false],
    ['169.254.169.254', false, false, false],
    ['fe80::1', false, false, false],
    ['224.0.0.1', false, false, false],
    ['255.255.255.255', false, false, false],
    ['64:ff9b::7f00:1', false, false, false],
    ['2002:7f00:1::', false, false, false],
    ['name.example', false, false, false],
  ])('%s is open to the public: %s, with loopback: %s, with private networks: %s', (address, ...open) => {
    const scopes = ['public', 'loopback', 'private'] as const;
    expect(scopes.map((scope) => refusal(scope, address) === undefined)).toEqual(open);
  });

  test('is refused by the rule that it breaks', () => {
    expect(refusal('public', '10.0.0.1')).toBe('private (10.0.0.0/8)');
    expect(refusal('public', OWN)).toBe(OWN_ADDRESS);
    expect(refusal('loopback', '::ffff:10.0.0.1')).toBe('private (10.0.0.0/8)');
  });
});

test('a port is open when nothing but the web or something unassigned listens there', () => {
  const open = [80, 443, 1024, 4601, 65_535];
  const closed = [-1, 0, 1, 22, 25, 444, 1023, 6379, 11_211, 65_536, Number.NaN];
  expect(open.filter((port) => !isOpenPort(port))).toEqual([]);
  expect(closed.filter(isOpenPort)).toEqual([]);
});

test('what is enforced outside of the program is what it refuses itself, and NAT64', () => {
  // Two lists: one alone would find every IPv4 address in ::/3, mapped.
  const [list4, list6] = [new BlockList(), new BlockList()];
  const { ipv4, ipv6 } = deniedSubnets();
  for (const subnet of ipv4) list4.addSubnet(subnet.split('/')[0]!, Number(subnet.split('/')[1]), 'ipv4');
  for (const subnet of ipv6) list6.addSubnet(subnet.split('/')[0]!, Number(subnet.split('/')[1]), 'ipv6');
  const isDenied = (address: string) => (isIPv4(address) ? list4.check(address, 'ipv4') : list6.check(address, 'ipv6'));
  const edges = ipv4.flatMap((subnet) => {
    const first = subnet
      .split('/')[0]!
      .split('.')
      .map(Number)
      .reduce((value, byte) => value * 256 + byte, 0);
    const last = first + 2 ** (32 - Number(subnet.split('/')[1])) - 1;
    return [first - 1, first, last, last + 1].filter((value) => value >= 0 && value < 2 ** 32);
  });
  const v4 = edges.map((value) => [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256));
  const v6 = v4.map(([a, b, c, d]) => `2002:${((a! << 8) | b!).toString(16)}:${((c! << 8) | d!).toString(16)}::1`);
  const others = [
    '::1',
    'fd00::1',
    'fe80::1',
    'ff02::1',
    '2001::1',
    '2001:db8::1',
    '3fff::1',
    '5f00::1',
    '100::1',
    '2606:4700::1111',
  ];
  const addresses = [...v4.map((bytes) => bytes.join('.')), ...v6, ...others];
  expect(addresses.length).toBeGreaterThan(120);
  const differ = addresses.filter((address) => isDenied(address) !== (refusal('public', address) !== undefined));
  expect(differ).toEqual([]);
  expect(isDenied('64:ff9b::8.8.8.8')).toBe(true);
});
