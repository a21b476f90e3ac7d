import { keccak_256 } from '@noble/hashes/sha3.js';
import { decodeAbiParameters, encodeAbiParameters, parseAbiParameters } from 'viem';
import { fromHex, toHex } from '../../protocol/bytes.ts';
import { REASON, type Reason } from '../../protocol/reason.ts';
import { WEB_SCHEMES } from './egress.ts';
import { probeHttp } from './http.ts';
import { canonicalJson, type JsonPath, parseJson, parseJsonPath, valueAt } from './jsonpath.ts';
import { jsonRpcProbe } from './jsonrpc.ts';
import { checkedProbe, type Probe } from './kind.ts';
import { blankResult, type ProbeResult } from './result.ts';
import type { ServiceTarget } from './target.ts';

/** A megabyte of members takes a parser up to 0.2 s, in which no other probe is stamped; answers that are compared are small. */
export const JSON_BYTES_MAX = 128 << 10;

/** `extra` of a json-rpc service that is no EVM node: what is asked, and which value of the answer counts. */
export type JsonQuery = { readonly request: string; readonly path: string };

/** The first word of a query's `extra`: no chain has this id, so no EVM node's `extra` begins so. */
const MARKER = 2n ** 256n - 1n;
const MARKER_BYTES = 32;
const EXTRA = parseAbiParameters('uint256 marker, string request, string path');

export function encodeJsonQuery({ request, path }: JsonQuery): Uint8Array {
  return fromHex(encodeAbiParameters(EXTRA, [MARKER, request, path]));
}

/** Whether `extra` means a query, well-formed or not. */
export function isJsonQuery(extra: Uint8Array): boolean {
  return extra.length >= MARKER_BYTES && extra.subarray(0, MARKER_BYTES).every((byte) => byte === 0xff);
}

/** Undefined unless `extra` is the encoding of a query, byte for byte, with JSON to send and a path that can be followed. */
export function decodeJsonQuery(extra: Uint8Array): { request: string; path: JsonPath } | undefined {
  try {
    const [, request, text] = decodeAbiParameters(EXTRA, toHex(extra));
    JSON.parse(request);
    const path = parseJsonPath(text);
    const isSame = Buffer.compare(encodeJsonQuery({ request, path: text }), extra) === 0;
    return path !== undefined && isSame ? { request, path } : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Any JSON over HTTP POST: the registered request, word for word. Good is status 200 with a value at the path and, when
 * a digest is registered, this very value.
 */
export const jsonQueryProbe: Probe = checkedProbe(WEB_SCHEMES, async (tools, target, _url, signal) => {
  const query = decodeJsonQuery(target.extra ?? new Uint8Array(0));
  if (query === undefined) return blankResult(REASON.unsupported, 'extra is no request with a path like $.a.b[0]');
  const { url, timeoutMillis, authorities } = target;
  const request = { url, method: 'POST', json: query.request, timeoutMillis, wantDigest: false, wantBody: true };
  const bounds = { bodyBytesMax: JSON_BYTES_MAX, authorities, signal };
  const result = await probeHttp(tools, { ...request, ...bounds });
  return result.reason === REASON.ok ? examined(result, query.path, target) : result;
});

/** json-rpc services of both forms. */
export const jsonProbe: Probe = (tools, target, signal) =>
  (isJsonQuery(target.extra ?? new Uint8Array(0)) ? jsonQueryProbe : jsonRpcProbe)(tools, target, signal);

/** Read after the last stamp, so that a long answer costs its provider nothing. */
function examined({ body, ...rest }: ProbeResult, path: JsonPath, target: ServiceTarget): ProbeResult {
  const say = (reason: Reason, detail: string): ProbeResult => ({ ...rest, body: undefined, reason, detail });
  if (rest.statusCode !== 200) return say(REASON.wrongStatus, `status ${rest.statusCode}`);
  const answer = parseJson(body ?? new Uint8Array(0));
  if (answer === undefined) return say(REASON.rpcError, 'the answer is no JSON, or nested too deeply');
  const value = valueAt(answer.json, path);
  if (value === undefined) return say(REASON.rpcError, `the answer has no value there: ${excerpt(answer.text)}`);
  const { expectedBodyDigest } = target;
  if (expectedBodyDigest === undefined) return say(REASON.ok, 'a value');
  const text = canonicalJson(value);
  const bodyDigest = keccak_256(Buffer.from(text));
  const isRight = Buffer.compare(bodyDigest, expectedBodyDigest) === 0;
  return { ...say(isRight ? REASON.ok : REASON.wrongAnswer, excerpt(text)), bodyDigest };
}

/** Enough for people; the rest of a hostile megabyte is nobody's business. */
function excerpt(text: string): string {
  return text.length <= 120 ? text : `${text.slice(0, 120)}…`;
}
