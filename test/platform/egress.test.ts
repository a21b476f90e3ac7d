import { describe, expect, test } from 'vitest';
import { createAddressPolicy, type EgressScope, isOpenPort, OWN_ADDRESS } from '../../platform/egress.ts';

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
