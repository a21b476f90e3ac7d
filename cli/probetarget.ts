import { InvalidArgumentError } from 'commander';
import { questionOf } from '../node/probe/dns.ts';
import type { ProbeScheme, ProbeUrl } from '../node/probe/egress.ts';
import { parseJsonPath } from '../node/probe/jsonpath.ts';
import { decodeJsonQuery, encodeJsonQuery, isJsonQuery } from '../node/probe/jsonquery.ts';
import { encodeKeepAlive } from '../node/probe/keep.ts';
import type { ServiceTarget } from '../node/probe/target.ts';
import { encodeDialogue } from '../node/probe/websocket.ts';
import { fromHex } from '../protocol/bytes.ts';
import { SERVICE_KIND } from '../protocol/service.ts';
import { misfitOf } from './probeoptions.ts';

/** How the URLs of a scheme are probed. */
const KINDS: Readonly<Record<ProbeScheme, number>> = {
  http: SERVICE_KIND.http,
  https: SERVICE_KIND.http,
  ws: SERVICE_KIND.websocket,
  wss: SERVICE_KIND.websocket,
  tcp: SERVICE_KIND.tcp,
  tls: SERVICE_KIND.tls,
  dns: SERVICE_KIND.dns,
};
const DIGEST_BYTES = 32;

/** `show`: print the digest of the answer instead of comparing it. */
export const SHOW = 'show';

export type TargetOptions = {
  timeout: number;
  status: number;
  method: string;
  kind?: number;
  digest?: Uint8Array | typeof SHOW;
  extra?: Uint8Array;
  request?: string;
  path?: string;
  message?: string;
  skip: number;
  keepAlive: boolean;
};

/**
 * What would be registered for these options; a text says what does not fit together.
 * @param given the options that were typed, as `--status`
 */
export function targetFor(
  url: string,
  checked: ProbeUrl,
  options: TargetOptions,
  given: readonly string[],
): ServiceTarget | string {
  const byScheme = KINDS[url.slice(0, url.indexOf(':')).toLowerCase() as ProbeScheme];
  const asksJson = options.request !== undefined || options.path !== undefined;
  const kind =
    byScheme === SERVICE_KIND.http ? (options.kind ?? (asksJson ? SERVICE_KIND.jsonRpc : byScheme)) : byScheme;
  const misfit = misfitOf(kind, given);
  if (misfit !== undefined) return misfit;
  if (kind === SERVICE_KIND.dns) {
    const question = questionOf(checked.path);
    if (typeof question === 'string') return question;
  }
  const extra = options.extra ?? extraOf(options);
  if (typeof extra === 'string') return extra;
  if (options.digest !== undefined) {
    const bytes = extra ?? new Uint8Array(0);
    if (kind === SERVICE_KIND.websocket && bytes.length === 0) return '--digest is of a message: add --message TEXT';
    if (kind === SERVICE_KIND.jsonRpc && !isJsonQuery(bytes)) return '--digest is of a JSON value: add --request JSON';
  }
  return {
    kind,
    serviceId: `0x${'0'.repeat(64)}`,
    provider: `0x${'0'.repeat(40)}`,
    url,
    method: options.method,
    timeoutMillis: options.timeout,
    expectedStatus: options.status,
    // To show one, any is compared that no answer has.
    expectedBodyDigest: options.digest === SHOW ? new Uint8Array(DIGEST_BYTES) : options.digest,
    ...(extra === undefined ? {} : { extra }),
  };
}

function extraOf({ request, path, message, skip, keepAlive }: TargetOptions): Uint8Array | string | undefined {
  if (keepAlive) return encodeKeepAlive();
  if (message !== undefined) return encodeDialogue({ message, skip });
  if (request === undefined && path === undefined) return undefined;
  if (request === undefined) return '--path needs a --request to be sent';
  if (parseJsonPath(path ?? '$') === undefined) return '--path is like $.result.peers[0]';
  const extra = encodeJsonQuery({ request, path: path ?? '$' });
  return decodeJsonQuery(extra) === undefined ? '--request is no JSON' : extra;
}

export function kindOf(text: string): number {
  if (text === 'http') return SERVICE_KIND.http;
  if (text === 'json-rpc') return SERVICE_KIND.jsonRpc;
  throw new InvalidArgumentError('--kind is http or json-rpc; other kinds follow from the scheme of the URL.');
}

export function digestOf(text: string): Uint8Array | typeof SHOW {
  if (text === SHOW) return SHOW;
  if (/^0x[0-9a-f]{64}$/i.test(text)) return fromHex(text as `0x${string}`);
  throw new InvalidArgumentError('--digest is 0x and 64 hex digits, or show.');
}

export function bytesOf(text: string): Uint8Array {
  if (/^0x([0-9a-f]{2})*$/i.test(text)) return fromHex(text as `0x${string}`);
  throw new InvalidArgumentError('--extra is 0x and pairs of hex digits.');
}

export function methodOf(text: string): string {
  if (text === 'GET' || text === 'HEAD') return text;
  throw new InvalidArgumentError('--method is GET or HEAD.');
}
