import { describe, expect, it } from 'vitest';
import { ALL_SCHEMES, createEgressPolicy, URL_CHARS_MAX } from '../../../node/probe/egress.ts';
import { addressBytes, addressText } from '../../../platform/address.ts';
import { OWN_ADDRESS } from '../../../platform/egress.ts';

const ownAddresses = () => ['8.8.4.4', '2606:4700::9', '127.0.0.1', '::1'];
const policy = createEgressPolicy({ allowLoopback: false, ownAddresses });
const devnet = createEgressPolicy({ allowLoopback: true, ownAddresses });

/** Hostile targets whose host is an address in some disguise: the URL itself must be refused. */
const HOSTILE_URLS: string[] = [
  'http://127.0.0.1/',
  'http://127.255.255.254/',
  'http://127.1/',
  'http://2130706433/',
  'http://0x7f000001/',
  'http://0177.0.0.1/',
  'http://0x7f.0.0.0x1/',
  'http://127.0.0.1./',
  'http://①②⑦.⓪.⓪.①/',
  'http://%31%32%37.0.0.1/',
  'http://0/',
  'http://0.0.0.0/',
  'http://10.0.0.1/',
  'http://10.255.255.255/',
  'http://172.16.0.1/',
  'http://172.31.255.255/',
  'http://192.168.1.1/',
  'http://100.64.0.1/',
  'http://100.127.255.255/',
  'http://169.254.169.254/latest/meta-data/',
  'http://2852039166/',
  'http://192.0.0.8/',
  'http://192.0.2.1/',
  'http://192.88.99.1/',
  'http://198.18.0.1/',
  'http://198.19.255.255/',
  'http://198.51.100.7/',
  'http://203.0.113.9/',
  'http://224.0.0.1/',
  'http://239.255.255.250/',
  'http://240.0.0.1/',
  'http://255.255.255.255/',
  'http://8.8.4.4/',
  'http://[::]/',
  'http://[::1]/',
  'http://[0:0:0:0:0:0:0:1]/',
  'http://[::127.0.0.1]/',
  'http://[::8.8.8.8]/',
  'http://[::ffff:127.0.0.1]/',
  'http://[::ffff:7f00:1]/',
  'http://[::ffff:10.0.0.1]/',
  'http://[::ffff:a9fe:a9fe]/',
  'http://[64:ff9b::127.0.0.1]/',
  'http://[64:ff9b::10.0.0.1]/',
  'http://[64:ff9b::a9fe:a9fe]/',
  'http://[64:ff9b:1::8.8.8.8]/',
  'http://[64:ff9b:1::5efe:8.8.8.8]/',
  'http://[64:ff9b::8.8.4.4]/',
  'http://[2002:7f00:1::]/',
  'http://[2002:a00:1::1]/',
  'http://[2002:c0a8:101::1]/',
  'http://[2600::5efe:10.0.0.1]/',
  'http://[2002:808:808::5efe:10.0.0.1]/',
  'http://[2002:808:808::200:5efe:127.0.0.1]/',
  'http://[2600::200:5efe:127.0.0.1]/',
  'http://[2001::1]/',
  'http://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/',
  'http://[2001:2::1]/',
  'http://[2001:20::1]/',
  'http://[2001:db8::1]/',
  'http://[3fff::1]/',
  'http://[5f00::1]/',
  'http://[100::1]/',
  'http://[fc00::1]/',
  'http://[fd00::1]/',
  'http://[fe80::1]/',
  'http://[febf::1]/',
  'http://[fec0::1]/',
  'http://[ff02::1]/',
  'http://[2606:4700::9]/',
  'http://[::ffff:8.8.4.4]/',
];

/** Hostile in form, whatever the host. */
const MALFORMED_URLS: string[] = [
  '',
  'example.org',
  '//example.org/',
  'ftp://example.org/',
  'file:///etc/passwd',
  'gopher://example.org/',
  'javascript:alert(1)',
  'http://',
  'http://user@example.org/',
  'http://user:secret@example.org/',
  'http://:secret@example.org/',
  'http://example.org./',
  'http://example.org:0/',
  'http://example.org:22/',
  'http://example.org:25/',
  'http://example.org:1023/',
  'http://example.org:6379/',
  'http://example.org:11211/',
  'http://example.org:65536/',
  'http://exa mple.org/',
  'http://[fe80::1%25eth0]/',
  'http://1.2.3.4.5/',
  'http://256.1.1.1/',
  `http://example.org/${'a'.repeat(URL_CHARS_MAX)}`,
];

/** Hostile in form for tcp and tls; in opaque hosts of unknown schemes no disguise would be seen. */
const MALFORMED_ENDPOINTS: string[] = [
  'tcp:example.org:8080',
  'tcp:/example.org:8080',
  'tcp:///example.org:8080',
  'tcp:\\\\example.org:8080',
  'tcp://example.org',
  'tcp://example.org/',
  'tcp://example.org:',
  'tcp://example.org:0',
  'tcp://example.org:25',
  'tcp://example.org:65536',
  'tcp://example.org:8080/path',
  'tcp://example.org:8080/?q',
  'tcp://example.org:8080/#f',
  'tcp://user@example.org:8080',
  'tcp://example.org.:8080',
  'tcp://[fe80::1%25eth0]:8080',
  'tls://example.org',
  'tls://example.org:993',
  'udp://example.org:8080',
  'tcp+tls://example.org:8080',
];

const ALLOWED_ADDRESSES: string[] = [
  '8.8.8.8',
  '1.1.1.1',
  '100.63.255.255',
  '100.128.0.0',
  '172.15.255.255',
  '172.32.0.0',
  '198.17.255.255',
  '223.255.255.255',
  '2606:4700:4700::1111',
  '2a00:1450:4001:81b::200e',
  '::ffff:8.8.8.8',
  '64:ff9b::8.8.8.8',
  '2002:808:808::1',
];

describe('the egress policy', () => {
  it('has at least 60 hostile addresses to refuse', () => {
    expect(new Set(HOSTILE_URLS).size).toBeGreaterThanOrEqual(60);
  });

  it.each(HOSTILE_URLS)('refuses %s', (url) => {
    expect(() => policy.checkUrl(url)).toThrowError(expect.objectContaining({ code: 'egress-url' }));
  });

  it.each(MALFORMED_URLS)('refuses the form of %j', (url) => {
    expect(() => devnet.checkUrl(url)).toThrowError(expect.objectContaining({ code: 'egress-url' }));
  });

  it.each(MALFORMED_ENDPOINTS)('refuses the form of %j for tcp and tls', (url) => {
    expect(() => devnet.checkUrl(url, ['tcp', 'tls'])).toThrowError(expect.objectContaining({ code: 'egress-url' }));
  });

  it('sees through a disguise in every scheme', () => {
    for (const scheme of ALL_SCHEMES) {
      for (const url of HOSTILE_URLS) {
        const [, host] = /^http:\/\/(.*?)\/.*$/.exec(url)!;
        const run = () => policy.checkUrl(`${scheme}://${host}:8080`, ALL_SCHEMES);
        expect(run, `${scheme} ${host}`).toThrowError(expect.objectContaining({ code: 'egress-url' }));
      }
    }
  });

  it('takes endpoints apart, ports of the web included', () => {
    const parts = { secure: false, host: 'example.org', port: 80, authority: 'example.org:80', path: '/' };
    expect(policy.checkUrl('tcp://Example.org:80', ['tcp'])).toEqual({ ...parts, origin: 'tcp://example.org:80' });
    expect(policy.checkUrl('tls://[2606:4700:4700::1111]:443', ['tls'])).toMatchObject({
      secure: true,
      host: '2606:4700:4700::1111',
      port: 443,
    });
    expect(policy.checkUrl('wss://example.org/feed', ['ws', 'wss'])).toMatchObject({
      secure: true,
      port: 443,
      origin: 'https://example.org',
      path: '/feed',
    });
  });

  it.each(ALLOWED_ADDRESSES)('allows %s', (address) => {
    expect(policy.refusal(address)).toBeUndefined();
  });

  it.each(['', 'localhost', 'example.org', '1.2.3', 'fe80::1%eth0', '[::1]', '0x7f.0.0.1'])(
    'refuses %j where an address is due',
    (text) => {
      expect(policy.refusal(text)).toBe('not an address');
    },
  );

  it('opens loopback alone for a devnet', () => {
    for (const url of ['http://127.0.0.1:8545/', 'http://[::1]:8545/', 'http://127.9.9.9:8545/']) {
      expect(devnet.checkUrl(url).port).toBe(8545);
    }
    for (const url of HOSTILE_URLS) {
      if (/^http:\/\/(127|2130|0x7f|0177|①|%31|\[::1\]|\[0:0)|::ffff:(127|7f00)/.test(url)) continue;
      expect(() => devnet.checkUrl(url), url).toThrowError();
    }
  });

  it('refuses the own addresses of the machine by default', () => {
    const own = createEgressPolicy({ allowLoopback: false, ownAddresses: () => ['9.9.9.9'] });
    expect(own.refusal('9.9.9.9')).toBe(OWN_ADDRESS);
    expect(own.refusal('::ffff:9.9.9.9')).toBe(OWN_ADDRESS);
    expect(createEgressPolicy({ allowLoopback: false }).refusal('9.9.9.9')).toBeUndefined();
  });

  it('goes by the own addresses that it knew when the system no longer tells', () => {
    let asked = 0;
    const failing = () => {
      if (asked++ > 0) throw new Error('EMFILE');
      return ['9.9.9.9'];
    };
    const own = createEgressPolicy({ allowLoopback: false, ownAddresses: failing });
    expect(own.refusal('9.9.9.9')).toBe(OWN_ADDRESS);
    expect(own.refusal('9.9.9.8')).toBeUndefined();
  });

  it('takes a URL apart', () => {
    expect(policy.checkUrl('https://Example.org/a/../b?q=1#frag')).toEqual({
      secure: true,
      host: 'example.org',
      port: 443,
      authority: 'example.org',
      origin: 'https://example.org',
      path: '/b?q=1',
    });
    const parsed = policy.checkUrl('http://[2606:4700::1]:8080');
    expect(parsed).toMatchObject({ host: '2606:4700::1', authority: '[2606:4700::1]:8080', port: 8080, path: '/' });
  });

  it('converts addresses to 16 bytes and back', () => {
    for (const text of ['1.2.3.4', '1:2:3:4:5:6:7:8', '2001:db8:0:0:0:0:0:ff']) {
      expect(addressText(addressBytes(text)!)).toBe(text);
    }
    expect(addressText(addressBytes('::')!)).toBe('0:0:0:0:0:0:0:0');
    expect(addressText(addressBytes('a::b')!)).toBe('a:0:0:0:0:0:0:b');
    expect(addressText(addressBytes('::ffff:1.2.3.4')!)).toBe('1.2.3.4');
    expect(addressText(addressBytes('a::')!)).toBe('a:0:0:0:0:0:0:0');
  });
});
