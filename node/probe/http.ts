import { keccak_256 } from '@noble/hashes/sha3.js';
import { errorMessage } from '../../protocol/error.ts';
import { REASON } from '../../protocol/reason.ts';
import { ABSENT_MICROS } from '../../protocol/sample.ts';
import { type AnswerParser, type AnswerState, createAnswerParser } from './answer.ts';
import { probeConnection, probeStanding, type Session } from './connection.ts';
import type { ProbeUrl } from './egress.ts';
import { keep, type Standing, takeKept } from './keep.ts';
import type { Line, ProbeTools } from './line.ts';
import { blankResult, type ProbeResult } from './result.ts';

export type HttpRequest = {
  url: string;
  method: string;
  /** From the start of the connection to the last byte, in milliseconds. */
  timeoutMillis: number;
  /** JSON to send; only with a method that takes a body. */
  json?: string;
  /** Put keccak256 of the body into the result. */
  wantDigest: boolean;
  /** Put the body itself into the result. */
  wantBody: boolean;
  /** At most BODY_BYTES_MAX, which is also the default. */
  bodyBytesMax?: number;
  /** Certificate authorities in PEM instead of the built-in ones. */
  authorities?: readonly string[] | undefined;
  /** Share one connection among all probes with this id; a fresh one for each without it. */
  keepId?: string | undefined;
  /** Aborting ends the probe at once with `cutOff`. */
  signal?: AbortSignal | undefined;
};

/** Status line, header and trailers together; common servers send at most 8 KiB. */
export const HEADER_BYTES_MAX = 16 << 10;
/** A probe measures answers, not downloads; it also bounds what one hostile server can make a watcher hold. */
export const BODY_BYTES_MAX = 1 << 20;
/** How long after a question a kept connection may turn out to have been closed before it: a long way there and back. */
export const AGAIN_MILLIS_MAX = 500;
/** A client that names itself would be recognised and served better than the provider's users. */
export const USER_AGENT = 'Mozilla/5.0 (compatible)';

/**
 * One HTTP/1.1 request, over a fresh connection unless `keepId` says otherwise. Never rejects: whatever happens is in the result.
 * Redirects are not followed.
 */
export async function probeHttp(tools: ProbeTools, request: HttpRequest): Promise<ProbeResult> {
  const { timeoutMillis, authorities, signal } = request;
  let url: ProbeUrl;
  try {
    url = tools.egress.checkUrl(request.url);
  } catch (error) {
    return blankResult(REASON.egressRefused, errorMessage(error));
  }
  const { keepId } = request;
  const keeping = keepId === undefined ? {} : { keep: (standing: Standing) => keep(tools, keepId, standing) };
  const connection = { url, timeoutMillis, protocols: ['http/1.1'], authorities, signal, ...keeping };
  const standing = keepId === undefined ? undefined : takeKept(tools, keepId);
  if (standing !== undefined) {
    const result = await probeStanding(tools, connection, standing, exchange(request, url));
    // It was closed while it stood idle, as it may be: that is no failure, and the question was not heard. Later it was.
    const wentAway = result.reason === REASON.closedEarly || result.reason === REASON.connectionReset;
    const askedMicros = tools.clock.monotonicMicros() - result.startMicros;
    const isLate = askedMicros > AGAIN_MILLIS_MAX * 1_000 || askedMicros >= timeoutMillis * 1_000;
    if (!wentAway || isLate || result.firstByteMicros !== ABSENT_MICROS) return result;
    const rest = { ...connection, timeoutMillis: timeoutMillis - askedMicros / 1_000 };
    const again = await probeConnection(tools, rest, exchange(request, url));
    // Whoever asks has waited for both.
    if (again.totalMicros !== ABSENT_MICROS) again.totalMicros += Math.round(askedMicros);
    return again;
  }
  return probeConnection(tools, connection, exchange(request, url));
}

/** Asks, and reads the answer. */
function exchange(request: HttpRequest, url: ProbeUrl): Session {
  const { method, wantBody, wantDigest } = request;
  const bodyBytesMax = Math.min(request.bodyBytesMax ?? BODY_BYTES_MAX, BODY_BYTES_MAX);
  const keepBody = wantBody || wantDigest;
  const parser = createAnswerParser({ method, headerBytesMax: HEADER_BYTES_MAX, bodyBytesMax, keepBody });

  let isReusable = false;
  let isFirst = true;
  // Made before there is a connection, whose time would pass meanwhile.
  const text = requestText(method, url, request.json, request.keepId !== undefined);

  const take = (line: Line, state: AnswerState) => {
    if (state.kind === 'reading') return;
    if (state.kind === 'fault') return line.finish(state.reason, state.detail);
    line.result.transferMicros = line.lap();
    isReusable = isOpenEnded(parser, method);
    line.finish(REASON.ok, '');
  };

  return {
    open: (line, socket) => {
      socket.write(text);
      // The kernel has it, and sends it whatever happens here: the server's time begins.
      line.omit();
    },
    read: (line, bytes) => {
      if (isFirst) line.result.firstByteMicros = line.lap();
      isFirst = false;
      take(line, parser.push(bytes));
    },
    end: (line) => take(line, parser.end()),
    mayKeep: () => isReusable,
    close: (result) => {
      result.statusCode = parser.statusCode();
      if (result.reason !== REASON.ok) return;
      if (isRedirect(result.statusCode)) result.location = parser.field('location');
      const body = parser.body();
      // Hashing a megabyte takes tens of milliseconds: after the last stamp, never between two.
      if (wantDigest) result.bodyDigest = keccak_256(body);
      if (wantBody) result.body = body;
    },
  };
}

const NOT_MODIFIED = 304;

/** Whether a status says that the answer is elsewhere. */
export function isRedirect(status: number): boolean {
  return status >= 300 && status < 400 && status !== NOT_MODIFIED;
}

/** Whether another answer may follow this one: it said where it ends, nothing came behind it, and nobody wants to close. */
function isOpenEnded(parser: AnswerParser, method: string): boolean {
  const isFramed = parser.field('content-length') !== undefined || parser.field('transfer-encoding') !== undefined;
  const hasNoBody = method === 'HEAD' || parser.statusCode() === 204 || parser.statusCode() === 304;
  const closes = parser.field('connection')?.toLowerCase().includes('close') ?? false;
  return (isFramed || hasNoBody) && !closes && parser.rest().length === 0;
}

function requestText(method: string, url: ProbeUrl, json: string | undefined, keepAlive: boolean): string {
  const lines = [
    `${method} ${url.path} HTTP/1.1`,
    `Host: ${url.authority}`,
    `User-Agent: ${USER_AGENT}`,
    'Accept: */*',
    'Accept-Encoding: identity',
    keepAlive ? 'Connection: keep-alive' : 'Connection: close',
  ];
  if (json !== undefined) lines.push('Content-Type: application/json', `Content-Length: ${Buffer.byteLength(json)}`);
  return `${lines.join('\r\n')}\r\n\r\n${json ?? ''}`;
}
