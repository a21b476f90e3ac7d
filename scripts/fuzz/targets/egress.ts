import { isIP, isIPv4 } from 'node:net';
import { isDeepStrictEqual } from 'node:util';
import { createEgressPolicy, URL_CHARS_MAX } from '../../../node/probe/egress.ts';
import { PORTS_DENIED, PORTS_PRIVILEGED } from '../../../platform/egress.ts';
import { PlumblineError } from '../../../protocol/error.ts';
import { mutateBytes } from '../mutate.ts';
import type { Random } from '../random.ts';
import { claim, type Target } from '../target.ts';

const bytesOf = (text: string) => new Uint8Array(Buffer.from(text, 'utf8'));

const SCHEMES = ['http://', 'https://', 'HTTP://', 'ftp://', 'file:///', 'http:', '//', 'javascript:', ''];
const USERS = ['', '', '', '', 'user@', 'user:secret@', '@'];
const PORTS = ['', '', ':', ':80', ':443', ':8080', ':22', ':6379', ':65536', ':0080', ':-1'];
const PATHS = ['', '/', '/a?b=c#d', '/../..', '/%0d%0aHost:%20x', '/\r\nX: y', '\\a', '/é', '/ x'];
const HOSTS = [
  'example.org',
  'example.org.',
  'EXAMPLE.org',
  'bücher.example',
  'localhost',
  '127.0.0.1',
  '127.1',
  '0x7f.1',
  '2130706433',
  '017700000001',
  '10.0.0.1',
  '169.254.169.254',
  '192.168.1.1',
  '100.64.0.1',
  '8.8.8.8',
  '1.1.1.1',
  '203.0.113.7',
  '255.255.255.255',
  '[::1]',
  '[::]',
  '[::ffff:127.0.0.1]',
  '[::ffff:7f00:1]',
  '[64:ff9b::7f00:1]',
  '[64:ff9b::808:808]',
  '[2002:7f00:1::]',
  '[2001:db8::1]',
  '[fe80::1%25eth0]',
  '[fc00::1]',
  '[2606:4700::1111]',
  '①②⑦.⓪.⓪.①',
];
const tokens = [...SCHEMES, ...USERS, ...HOSTS, ...PORTS, ...PATHS, '%', '%00', '\0', '\u202e', '[', ']', '%5b'].map(
  bytesOf,
);
const inputs = HOSTS.map((host) => bytesOf(`https://${host}/`));
const policy = createEgressPolicy({ allowLoopback: false, ownAddresses: () => ['198.51.100.9', '2001:4860::9'] });

/** Private, loopback, link-local, shared and multicast addresses, told apart here once more and in another way. */
function isForbiddenV4(host: string): boolean {
  const [a = 0, b = 0] = host.split('.').map(Number);
  if (a === 0 || a === 10 || a === 127 || a >= 224) return true;
  if (a === 172) return b >= 16 && b < 32;
  return (a === 192 && b === 168) || (a === 169 && b === 254) || (a === 100 && b >= 64 && b < 128);
}

/** The address inside ::ffff:a:b as a URL writes it; a public one for everything else. */
function mappedV4(host: string): string {
  const [, high, low] = /^::ffff:([0-9a-f]+):([0-9a-f]+)$/.exec(host) ?? [];
  const [a, b] = [Number.parseInt(high ?? '808', 16), Number.parseInt(low ?? '808', 16)];
  return [a >> 8, a & 0xff, b >> 8, b & 0xff].join('.');
}

function made(random: Random): Uint8Array {
  const parts = [SCHEMES, USERS, HOSTS, PORTS, PATHS].map((list) => random.pick(list));
  const text = random.oneIn(2) ? `https://${parts[2]}${parts[3]}${parts[4]}` : parts.join('');
  return bytesOf(text);
}

/** What is allowed is fit for a request line, leads to no forbidden address, and reads the same when it is written out. */
function run(bytes: Uint8Array): boolean {
  const text = Buffer.from(bytes).toString('utf8');
  let url: ReturnType<typeof policy.checkUrl>;
  try {
    url = policy.checkUrl(text);
  } catch (error) {
    if (error instanceof PlumblineError && error.code === 'egress-url') return false;
    throw error;
  }
  const { host, port, path, origin, authority } = url;
  claim(/^\/[\x21-\x7e]*$/.test(path), `a path that is not fit for a request line: ${JSON.stringify(path)}`);
  claim(/^[\x21-\x7e]+$/.test(authority), `an authority that is not fit for a header: ${JSON.stringify(authority)}`);
  claim(!/[@/?#\\\s]/.test(authority), `an authority that ends early: ${JSON.stringify(authority)}`);
  claim(port >= 1024 ? !PORTS_DENIED.includes(port) : PORTS_PRIVILEGED.includes(port), `port ${port}`);
  claim(!isIPv4(host) || !isForbiddenV4(host), `a forbidden address: ${host}`);
  claim(isIP(host) !== 6 || /^(2|3|64:ff9b::|::ffff:)/.test(host), `a forbidden address: ${host}`);
  claim(!isForbiddenV4(mappedV4(host)), `a forbidden address: ${host}`);
  claim(isIP(host) === 0 || policy.refusal(host) === undefined, `an address that the policy refuses: ${host}`);
  if (origin.length + path.length > URL_CHARS_MAX) return true;
  claim(isDeepStrictEqual(policy.checkUrl(origin + path), url), 'written out it is another URL');
  return true;
}

export const egress: Target = {
  name: 'egress',
  open: () => ({
    generate: (random) => {
      const url = made(random);
      return random.oneIn(3) ? url : mutateBytes(random, url, { inputs, tokens });
    },
    run,
  }),
};
