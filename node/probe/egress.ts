import { isIP } from 'node:net';
import { type AddressPolicy, createAddressPolicy, isOpenPort } from '../../platform/egress.ts';
import { PlumblineError } from '../../protocol/error.ts';

/** Where a probe may go: the URLs of services, with the addresses of platform/egress.ts. */
export interface EgressPolicy extends AddressPolicy {
  /**
   * Throws PlumblineError `egress-url` naming the rule that the URL, or the address standing in it, breaks.
   * @param schemes that this kind of probe speaks; default: the web's
   */
  checkUrl(url: string, schemes?: readonly ProbeScheme[]): ProbeUrl;
}

export type ProbeScheme = 'http' | 'https' | 'ws' | 'wss' | 'tcp' | 'tls' | 'dns';

export const WEB_SCHEMES: readonly ProbeScheme[] = ['http', 'https'];
export const ALL_SCHEMES: readonly ProbeScheme[] = [...WEB_SCHEMES, 'ws', 'wss', 'tcp', 'tls', 'dns'];
/** The one privileged port that is no web's: open to dns alone, which sends nothing there but a question. */
export const DNS_PORT = 53;
/** The port that a URL without one means; tcp and tls have none. */
const DEFAULT_PORTS: Readonly<Record<ProbeScheme, number | undefined>> = {
  http: 80,
  ws: 80,
  https: 443,
  wss: 443,
  tcp: undefined,
  tls: undefined,
  dns: DNS_PORT,
};
const SECURE_SCHEMES: readonly ProbeScheme[] = ['https', 'wss', 'tls'];
/** Those that the URL standard does not know as its own. */
const PLAIN_SCHEMES: readonly ProbeScheme[] = ['tcp', 'tls', 'dns'];

export type ProbeUrl = {
  secure: boolean;
  /** Without brackets; a name in its ASCII form or an address. */
  host: string;
  port: number;
  /** As it stands in the Host header. */
  authority: string;
  /** Scheme, host and port, of the web server behind a websocket; for tcp, tls and dns the scheme is theirs. */
  origin: string;
  /** Path and query, never empty. */
  path: string;
};

export type EgressOptions = {
  /** Devnet only: 127.0.0.0/8 and ::1 are allowed. */
  allowLoopback: boolean;
  /** The machine's own addresses, asked at every check because they change; default: the operating system's. */
  ownAddresses?: () => readonly string[];
};

/** The registry bounds URLs too; this one protects a watcher whatever the registry says. */
export const URL_CHARS_MAX = 2_048;
export function createEgressPolicy({ allowLoopback, ownAddresses }: EgressOptions): EgressPolicy {
  const scope = allowLoopback ? 'loopback' : 'public';
  const { refusal } = createAddressPolicy(ownAddresses ? { scope, ownAddresses } : { scope });

  const checkUrl = (url: string, schemes?: readonly ProbeScheme[]): ProbeUrl => {
    const parsed = parseProbeUrl(url, schemes);
    const rule = isIP(parsed.host) === 0 ? undefined : refusal(parsed.host);
    if (rule === undefined) return parsed;
    throw urlError(url, `leads to ${parsed.host}, which is never probed: it is ${rule}`);
  };

  return { refusal, checkUrl };
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it is for
const BLANK_OR_CONTROL = /[\u0000-\u0020\u007f]/;

/** The parts of a URL that may be probed; throws PlumblineError `egress-url` with the rule that it breaks. */
export function parseProbeUrl(text: string, schemes: readonly ProbeScheme[] = WEB_SCHEMES): ProbeUrl {
  const refuse = (rule: string) => urlError(text, rule);
  if (text.length > URL_CHARS_MAX) throw refuse(`is longer than ${URL_CHARS_MAX} characters; shorten it`);
  // Parsers of URLs drop them where they stand, also within a port.
  if (BLANK_OR_CONTROL.test(text)) throw refuse('has a blank or a control character; write it without');
  const scheme = schemes.find((one) => text.slice(0, one.length + 1).toLowerCase() === `${one}:`);
  const first = schemes.includes('https') ? 'https' : schemes[0]!;
  const example = exampleOf(first);
  if (scheme === undefined && URL.canParse(text)) {
    throw refuse(`is neither ${schemes.join(' nor ')}; only these are probed so`);
  }
  const url = scheme === undefined ? undefined : asWebUrl(text, scheme);
  if (scheme === undefined || url === undefined) throw refuse(`cannot be parsed; write it like ${example}`);
  if (url.username !== '' || url.password !== '') throw refuse('names a user or password; remove it');
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  if (isIP(host) === 0 && host.endsWith('.')) throw refuse('has a host with a trailing dot; remove the dot');
  const port = portOf(text, scheme, url);
  if (port === undefined) throw refuse(`names no port; write it like ${example}`);
  if (!isOpenPort(port) && !(scheme === 'dns' && port === DNS_PORT)) {
    throw refuse(`has port ${port}; use 80, 443 or one from 1024 that is not reserved for another protocol`);
  }
  const path = `${url.pathname}${url.search}`;
  const secure = SECURE_SCHEMES.includes(scheme);
  if (!PLAIN_SCHEMES.includes(scheme)) {
    return { secure, host, port, authority: url.host, origin: `${secure ? 'https' : 'http'}://${url.host}`, path };
  }
  if ((path !== '/' && scheme !== 'dns') || url.hash !== '') {
    throw refuse(`has a ${scheme === 'dns' ? 'fragment' : 'path'}; write it like ${exampleOf(scheme)}`);
  }
  const authority = `${url.hostname}:${port}`;
  return { secure, host, port, authority, origin: `${scheme}://${authority}`, path };
}

/**
 * With the scheme of the web that parses alike. URLs of schemes that the URL standard does not know have opaque hosts:
 * 0x7f000001 would stay a name, and not be seen to be 127.0.0.1.
 */
function asWebUrl(text: string, scheme: ProbeScheme): URL | undefined {
  const web = SECURE_SCHEMES.includes(scheme) ? 'https' : 'http';
  const rest = text.slice(scheme.length + 1);
  // The web's schemes forgive a missing or a third slash; these must not differ from what other parsers of tcp: read.
  if (PLAIN_SCHEMES.includes(scheme) && !/^\/\/[^/\\]/.test(rest)) return undefined;
  return URL.canParse(`${web}:${rest}`) ? new URL(`${web}:${rest}`) : undefined;
}

function portOf(text: string, scheme: ProbeScheme, url: URL): number | undefined {
  if (url.port !== '') return Number(url.port);
  // The web's own port is dropped by the parser, also where it was written.
  const web = url.protocol === 'https:' ? 443 : 80;
  const [, authority = ''] = /^[a-z]+:\/\/([^/?#\\]*)/i.exec(text) ?? [];
  return new RegExp(`:0*${web}$`).test(authority) ? web : DEFAULT_PORTS[scheme];
}

function exampleOf(scheme: ProbeScheme): string {
  if (scheme === 'dns') return 'dns://ns1.example.org/example.org?type=A';
  return scheme === 'tcp' || scheme === 'tls' ? `${scheme}://example.org:8443` : `${scheme}://example.org/path`;
}

function urlError(url: string, rule: string): PlumblineError {
  return new PlumblineError('egress-url', `The URL ${JSON.stringify(url.slice(0, 200))} ${rule}.`, { url });
}
