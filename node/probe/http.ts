import type { Socket } from 'node:net';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { errorMessage } from '../../protocol/error.ts';
import { REASON } from '../../protocol/reason.ts';
import { type AnswerParser, type AnswerState, createAnswerParser } from './answer.ts';
import { type Line, type ProbeTools, probeConnection, type Session } from './connection.ts';
import type { ProbeUrl } from './egress.ts';
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
  /** Aborting ends the probe at once with `cutOff`. */
  signal?: AbortSignal | undefined;
};

/** Status line, header and trailers together; common servers send at most 8 KiB. */
export const HEADER_BYTES_MAX = 16 << 10;
/** A probe measures answers, not downloads; it also bounds what one hostile server can make a watcher hold. */
export const BODY_BYTES_MAX = 1 << 20;
/** A client that names itself would be recognised and served better than the provider's users. */
export const USER_AGENT = 'Mozilla/5.0 (compatible)';

/** One HTTP/1.1 request over a fresh connection. Never rejects: whatever happens is in the result. Redirects are not followed. */
export async function probeHttp(tools: ProbeTools, request: HttpRequest): Promise<ProbeResult> {
  const { timeoutMillis, authorities, signal } = request;
  let url: ProbeUrl;
  try {
    url = tools.egress.checkUrl(request.url);
  } catch (error) {
    return blankResult(REASON.egressRefused, errorMessage(error));
  }
  const connection = { url, timeoutMillis, protocols: ['http/1.1'], authorities, signal };
  return probeConnection(tools, connection, exchange(request, url));
}

/** Asks, and reads the answer. */
function exchange(request: HttpRequest, url: ProbeUrl): Session {
  const { method, wantBody, wantDigest } = request;
  const bodyBytesMax = Math.min(request.bodyBytesMax ?? BODY_BYTES_MAX, BODY_BYTES_MAX);
  const keepBody = wantBody || wantDigest;
  const parser = createAnswerParser({ method, headerBytesMax: HEADER_BYTES_MAX, bodyBytesMax, keepBody });

  // Made before there is a connection, whose time would pass meanwhile.
  const text = requestText(method, url, request.json);

  const onState = (line: Line, state: AnswerState, arrivedMicros: number) => {
    if (state.kind === 'reading') return;
    if (state.kind === 'fault') return line.finish(state.reason, state.detail);
    line.result.transferMicros = line.lap(arrivedMicros);
    line.finish(REASON.ok, 'complete answer');
  };

  return {
    open: (line, socket) => {
      socket.write(text);
      // The kernel has it, and sends it whatever happens here: the server's time begins.
      line.omit();
      readAnswer(line, socket, parser, (state, arrivedMicros) => onState(line, state, arrivedMicros));
    },
    close: (result) => {
      result.statusCode = parser.statusCode();
      if (result.reason !== REASON.ok) return;
      const body = parser.body();
      // Hashing a megabyte takes tens of milliseconds: after the last stamp, never between two.
      if (wantDigest) result.bodyDigest = keccak_256(body);
      if (wantBody) result.body = body;
    },
  };
}

/**
 * Gives the parser what arrives, and each of its states to `take` until the probe is over, with the moment at which the
 * bytes behind it were there: reading them is no time of the server's. Stamps the first byte.
 */
export function readAnswer(
  line: Line,
  socket: Socket,
  parser: AnswerParser,
  take: (state: AnswerState, arrivedMicros: number) => void,
): void {
  let first = true;
  socket.on('data', (bytes: Buffer) => {
    if (line.isOver()) return;
    const arrivedMicros = line.now();
    if (first) line.result.firstByteMicros = line.lap(arrivedMicros);
    first = false;
    take(parser.push(bytes), arrivedMicros);
  });
  socket.on('end', () => {
    if (!line.isOver()) take(parser.end(), line.now());
  });
}

function requestText(method: string, url: ProbeUrl, json: string | undefined): string {
  const lines = [
    `${method} ${url.path} HTTP/1.1`,
    `Host: ${url.authority}`,
    `User-Agent: ${USER_AGENT}`,
    'Accept: */*',
    'Accept-Encoding: identity',
    'Connection: close',
  ];
  if (json !== undefined) lines.push('Content-Type: application/json', `Content-Length: ${Buffer.byteLength(json)}`);
  return `${lines.join('\r\n')}\r\n\r\n${json ?? ''}`;
}
