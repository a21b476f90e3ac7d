import { connect as connectTcp, isIPv6, type Socket } from 'node:net';
import { connect as connectTls, createSecureContext, type SecureContext } from 'node:tls';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { addressBytes } from '../../platform/address.ts';
import type { Clock, Timer } from '../../platform/clock.ts';
import { errorCode, errorMessage } from '../../protocol/error.ts';
import { REASON, type Reason } from '../../protocol/reason.ts';
import { type AnswerState, createAnswerParser } from './answer.ts';
import type { EgressPolicy, ProbeUrl } from './egress.ts';
import { reasonOfSocketError } from './judge.ts';
import { pinAddress } from './pin.ts';
import type { Resolvers } from './resolve.ts';
import { blankResult, type ProbeResult } from './result.ts';
import type { StallMeter } from './stall.ts';
import { resolveMillisMax } from './target.ts';

/** What every probe of a watcher shares. */
export type ProbeTools = { clock: Clock; egress: EgressPolicy; resolvers: Resolvers; stall: StallMeter };

export type HttpRequest = {
  url: string;
  method: string;
  /** From the start of the connection to the last byte, in milliseconds. */
  timeoutMillis: number;
  /** Put keccak256 of the body into the result. */
  wantDigest: boolean;
  /** Put the body itself into the result. */
  wantBody: boolean;
  /** At most BODY_BYTES_MAX, which is also the default. */
  bodyBytesMax?: number;
  /** Certificate authorities in PEM instead of the built-in ones. */
  authorities?: readonly string[];
  /** Aborting ends the probe at once with `cutOff`. */
  signal?: AbortSignal;
};

/** Status line, header and trailers together; common servers send at most 8 KiB. */
export const HEADER_BYTES_MAX = 16 << 10;
/** A probe measures answers, not downloads; it also bounds what one hostile server can make a watcher hold. */
export const BODY_BYTES_MAX = 1 << 20;
/** A client that names itself would be recognised and served better than the provider's users. */
export const USER_AGENT = 'Mozilla/5.0 (compatible)';

const MICROS_PER_MILLI = 1_000;

/**
 * One HTTP/1.1 request over a fresh connection, on raw sockets, so that every phase is stamped in its own callback.
 * Never rejects: whatever happens is in the result. Redirects are not followed.
 */
export async function probeHttp(tools: ProbeTools, request: HttpRequest): Promise<ProbeResult> {
  const { clock, egress, resolvers } = tools;
  let url: ProbeUrl;
  try {
    url = egress.checkUrl(request.url);
  } catch (error) {
    return blankResult(REASON.egressRefused, errorMessage(error));
  }
  const begunMicros = clock.monotonicMicros();
  const elapsedMillis = () => (clock.monotonicMicros() - begunMicros) / MICROS_PER_MILLI;
  const budgetMillis = resolveMillisMax(request.timeoutMillis);
  const pin = await pinAddress(url.host, resolvers, egress, budgetMillis, elapsedMillis);
  const resolveMicros = clock.monotonicMicros() - begunMicros;
  if ('reason' in pin) return { ...blankResult(pin.reason, pin.detail), startMicros: begunMicros, resolveMicros };
  if (request.signal?.aborted) return blankResult(REASON.cutOff, 'cut off while resolving');
  const result = await exchange(tools, request, url, pin.address);
  return { ...result, resolveMicros };
}

/** Connects to `address`, asks, and reads the answer; resolves exactly once, with all sockets destroyed. */
function exchange(tools: ProbeTools, request: HttpRequest, url: ProbeUrl, address: string): Promise<ProbeResult> {
  const { clock } = tools;
  const { promise, resolve } = Promise.withResolvers<ProbeResult>();
  const { method, timeoutMillis, wantBody, wantDigest, signal } = request;
  const bodyBytesMax = Math.min(request.bodyBytesMax ?? BODY_BYTES_MAX, BODY_BYTES_MAX);
  const keepBody = wantBody || wantDigest;
  const parser = createAnswerParser({ method, headerBytesMax: HEADER_BYTES_MAX, bodyBytesMax, keepBody });
  const timeoutMicros = timeoutMillis * MICROS_PER_MILLI;
  const secureContext = url.secure ? contextFor(request.authorities) : undefined;
  const stall = tools.stall.watch();
  const result = blankResult(REASON.internal, '');
  result.address = addressBytes(address)!;
  result.startMicros = clock.monotonicMicros();

  let phaseMicros = result.startMicros;
  let settled = false;
  let deadline: Timer | undefined;
  const sockets: Socket[] = [];

  const lap = (): number => {
    const now = clock.monotonicMicros();
    const micros = now - phaseMicros;
    phaseMicros = now;
    return micros;
  };

  const finish = (reason: Reason, detail: string) => {
    if (settled) return;
    settled = true;
    deadline?.cancel();
    signal?.removeEventListener('abort', onAbort);
    result.stallMicros = stall.worstMicros();
    stall.stop();
    for (const socket of sockets) socket.destroy();
    result.reason = reason;
    result.detail = detail;
    result.statusCode = parser.statusCode();
    if (reason === REASON.ok) complete();
    if (result.reason === REASON.timeout) result.totalMicros = timeoutMicros;
    resolve(result);
  };

  const complete = () => {
    result.totalMicros = phaseMicros - result.startMicros;
    // The timer may be a little late; only a stall of our own excuses an answer after the time-out.
    if (result.totalMicros - result.stallMicros > timeoutMicros) {
      result.reason = REASON.timeout;
      result.detail = `the answer took longer than ${timeoutMillis} ms`;
      return;
    }
    const body = parser.body();
    // Hashing a megabyte takes tens of milliseconds: after the last stamp, never between two.
    if (wantDigest) result.bodyDigest = keccak_256(body);
    if (wantBody) result.body = body;
  };

  const onAbort = () => finish(REASON.cutOff, 'cut off before the time-out');

  // While our loop stood still an answer may have waited unread: the time-out is extended by what the loop lost.
  const onDeadline = () => {
    const stalled = stall.worstMicros();
    if (stalled > timeoutMicros) {
      finish(REASON.stalled, `the event loop stood still for ${Math.round(stalled / MICROS_PER_MILLI)} ms`);
      return;
    }
    const leftMicros = result.startMicros + timeoutMicros + stalled - clock.monotonicMicros();
    if (leftMicros > 0) deadline = clock.after(leftMicros / MICROS_PER_MILLI, onDeadline);
    else finish(REASON.timeout, `no complete answer within ${timeoutMillis} ms`);
  };

  const onState = (state: AnswerState) => {
    if (state.kind === 'reading') return;
    if (state.kind === 'fault') return finish(state.reason, state.detail);
    result.transferMicros = lap();
    finish(REASON.ok, 'complete answer');
  };

  const ask = (socket: Socket) => {
    let first = true;
    socket.on('data', (bytes: Buffer) => {
      if (settled) return;
      if (first) result.firstByteMicros = lap();
      first = false;
      onState(parser.push(bytes));
    });
    socket.on('end', () => {
      if (!settled) onState(parser.end());
    });
    socket.write(requestText(method, url));
  };

  const adopt = <T extends Socket>(socket: T): T => {
    sockets.push(socket);
    // Stays attached after the end: a reset that arrives late must not be an uncaught error.
    socket.on('error', (error) => finish(reasonOfSocketError(errorCode(error)), errorMessage(error)));
    socket.on('close', () => finish(REASON.closedEarly, 'closed before the answer was complete'));
    return socket;
  };

  const secure = (raw: Socket) => {
    const servername = isIPv6(url.host) || /^[0-9.]+$/.test(url.host) ? {} : { servername: url.host };
    const options = { socket: raw, host: url.host, ALPNProtocols: ['http/1.1'], ...servername };
    const socket = adopt(connectTls({ ...options, ...(secureContext === undefined ? {} : { secureContext }) }));
    socket.once('secureConnect', () => {
      if (settled) return;
      result.tlsMicros = lap();
      ask(socket);
    });
  };

  deadline = clock.after(timeoutMillis, onDeadline);
  signal?.addEventListener('abort', onAbort, { once: true });
  const raw = adopt(connectTcp({ host: address, port: url.port, autoSelectFamily: false, noDelay: true }));
  raw.once('connect', () => {
    if (settled) return;
    result.connectMicros = lap();
    const remote = raw.remoteAddress === undefined ? undefined : addressBytes(raw.remoteAddress);
    if (remote === undefined) finish(REASON.connectionReset, 'the connection was gone as soon as it stood');
    else if (Buffer.compare(remote, result.address) !== 0) {
      finish(REASON.egressRefused, `connected to ${raw.remoteAddress} instead of ${address}`);
    } else if (url.secure) secure(raw);
    else ask(raw);
  });
  return promise;
}

let builtInContext: SecureContext | undefined;

/** Made before the first stamp and kept: reading the built-in authorities takes tens of milliseconds. */
function contextFor(authorities: readonly string[] | undefined): SecureContext {
  if (authorities !== undefined) return createSecureContext({ minVersion: 'TLSv1.2', ca: [...authorities] });
  builtInContext ??= createSecureContext({ minVersion: 'TLSv1.2' });
  return builtInContext;
}

function requestText(method: string, url: ProbeUrl): string {
  const lines = [
    `${method} ${url.path} HTTP/1.1`,
    `Host: ${url.authority}`,
    `User-Agent: ${USER_AGENT}`,
    'Accept: */*',
    'Accept-Encoding: identity',
    'Connection: close',
  ];
  return `${lines.join('\r\n')}\r\n\r\n`;
}
