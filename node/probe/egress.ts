import { isIP } from 'node:net';
import { type AddressPolicy, createAddressPolicy, isOpenPort } from '../../platform/egress.ts';
import { PlumblineError } from '../../protocol/error.ts';

/** Where a probe may go: the URLs of services, with the addresses of platform/egress.ts. */
export interface EgressPolicy extends AddressPolicy {
  /** Throws PlumblineError `egress-url` naming the rule that the URL, or the address standing in it, breaks. */
  checkUrl(url: string): ProbeUrl;
}

export type ProbeUrl = {
  secure: boolean;
  /** Without brackets; a name in its ASCII form or an address. */
  host: string;
  port: number;
  /** As it stands in the Host header. */
  authority: string;
  /** Scheme, host and port. */
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

  const checkUrl = (url: string): ProbeUrl => {
    const parsed = parseProbeUrl(url);
    const rule = isIP(parsed.host) === 0 ? undefined : refusal(parsed.host);
    if (rule === undefined) return parsed;
    throw urlError(url, `leads to ${parsed.host}, which is never probed: it is ${rule}`);
  };

  return { refusal, checkUrl };
}

/** The parts of a URL that may be probed; throws PlumblineError `egress-url` with the rule that it breaks. */
export function parseProbeUrl(text: string): ProbeUrl {
  const refuse = (rule: string) => urlError(text, rule);
  if (text.length > URL_CHARS_MAX) throw refuse(`is longer than ${URL_CHARS_MAX} characters; shorten it`);
  if (!URL.canParse(text)) throw refuse('cannot be parsed; write it like https://example.org/path');
  const url = new URL(text);
  const secure = url.protocol === 'https:';
  if (!secure && url.protocol !== 'http:') throw refuse('is neither http nor https; only these are probed');
  if (url.username !== '' || url.password !== '') throw refuse('names a user or password; remove it');
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  if (isIP(host) === 0 && host.endsWith('.')) throw refuse('has a host with a trailing dot; remove the dot');
  const port = url.port === '' ? (secure ? 443 : 80) : Number(url.port);
  if (!isOpenPort(port)) {
    throw refuse(`has port ${port}; use 80, 443 or one from 1024 that is not reserved for another protocol`);
  }
  return { secure, host, port, authority: url.host, origin: url.origin, path: `${url.pathname}${url.search}` };
}

function urlError(url: string, rule: string): PlumblineError {
  return new PlumblineError('egress-url', `The URL ${JSON.stringify(url.slice(0, 200))} ${rule}.`, { url });
}
