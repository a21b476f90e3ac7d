import { connect as connectTcp, isIPv6, type Socket } from 'node:net';
import { connect as connectTls, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls';
import { addressBytes } from '../../platform/address.ts';
import type { Clock, Timer } from '../../platform/clock.ts';
import { errorCode, errorMessage } from '../../protocol/error.ts';
import { REASON, type Reason } from '../../protocol/reason.ts';
import type { EgressPolicy, ProbeUrl } from './egress.ts';
import { reasonOfSocketError } from './judge.ts';
import { pinAddress } from './pin.ts';
import type { Resolvers } from './resolve.ts';
import { blankResult, type ProbeResult } from './result.ts';
import type { StallMeter } from './stall.ts';
import { resolveMillisMax } from './target.ts';

/** What every probe of a watcher shares. */
export type ProbeTools = { clock: Clock; egress: EgressPolicy; resolvers: Resolvers; stall: StallMeter };

export type ConnectionRequest = {
  url: ProbeUrl;
  /** From the start of the connection to the end of the probe, in milliseconds. */
  timeoutMillis: number;
  /** Application protocols offered in a TLS handshake; none by default. */
  protocols?: readonly string[];
  /** Certificate authorities in PEM instead of the built-in ones. */
  authorities?: readonly string[] | undefined;
  /** Aborting ends the probe at once with `cutOff`. */
  signal?: AbortSignal | undefined;
};

/** What a probe of one kind does with a connection that stands. */
export type Session = {
  /** Called once, after TCP and, where the URL asks for it, TLS. `tls` is undefined on a plain connection. */
  open(line: Line, socket: Socket, tls: TLSSocket | undefined): void;
  /** Called once, before the result is handed out, and after the last stamp: slow work belongs here. */
  close?(result: ProbeResult): void;
};

/** A running probe. */
export type Line = {
  readonly result: ProbeResult;
  /** Microseconds from the last lap to `atMicros`, which is now unless an earlier stamp is given; adds them to the total. */
  lap(atMicros?: number): number;
  /** On the clock of the laps. */
  now(): number;
  /** The time since the last lap was this watcher's own work, and belongs to no phase: the next lap counts from now. */
  omit(): void;
  /** Ends the probe; only the first call counts. */
  finish(reason: Reason, detail: string): void;
  isOver(): boolean;
};

const MICROS_PER_MILLI = 1_000;
/** What one read takes from the kernel at most: as much as Node itself asks for. */
const READ_BYTES_MAX = 64 << 10;

/**
 * One fresh connection on raw sockets, so that every phase is stamped in its own callback: resolve, check the address,
 * connect to that very one, TLS, then the session. Never rejects: whatever happens is in the result.
 */
export async function probeConnection(
  tools: ProbeTools,
  request: ConnectionRequest,
  session: Session,
): Promise<ProbeResult> {
  const { clock, egress, resolvers } = tools;
  const begunMicros = clock.monotonicMicros();
  const elapsedMillis = () => (clock.monotonicMicros() - begunMicros) / MICROS_PER_MILLI;
  const budgetMillis = resolveMillisMax(request.timeoutMillis);
  const pin = await pinAddress(request.url.host, resolvers, egress, budgetMillis, elapsedMillis);
  const resolveMicros = clock.monotonicMicros() - begunMicros;
  if ('reason' in pin) return { ...blankResult(pin.reason, pin.detail), startMicros: begunMicros, resolveMicros };
  if (request.signal?.aborted) return blankResult(REASON.cutOff, 'cut off while resolving');
  const result = await connect(tools, request, pin.address, session);
  return { ...result, resolveMicros };
}

/** Resolves exactly once, with all sockets destroyed. */
function connect(
  tools: ProbeTools,
  request: ConnectionRequest,
  address: string,
  session: Session,
): Promise<ProbeResult> {
  const { clock } = tools;
  const { url, timeoutMillis, signal } = request;
  const { promise, resolve } = Promise.withResolvers<ProbeResult>();
  const timeoutMicros = timeoutMillis * MICROS_PER_MILLI;
  const secureContext = url.secure ? contextFor(request.authorities) : undefined;
  const stall = tools.stall.watch();
  const result = blankResult(REASON.internal, '');
  result.address = addressBytes(address)!;
  result.startMicros = clock.monotonicMicros();

  let phaseMicros = result.startMicros;
  let spentMicros = 0;
  let settled = false;
  let deadline: Timer | undefined;
  const sockets: Socket[] = [];

  const lap = (atMicros = clock.monotonicMicros()): number => {
    const micros = atMicros - phaseMicros;
    phaseMicros = atMicros;
    spentMicros += micros;
    return micros;
  };
  const omit = () => {
    phaseMicros = clock.monotonicMicros();
  };

  const finish = (reason: Reason, detail: string) => {
    if (settled) return;
    settled = true;
    deadline?.cancel();
    signal?.removeEventListener('abort', onAbort);
    result.stallMicros = stall.worstMicros();
    stall.stop();
    // TLS before what carries it: the other way round, inside a callback of the handshake, Node 24 itself crashes.
    for (const socket of sockets.toReversed()) socket.destroy();
    result.reason = reason;
    result.detail = detail;
    if (reason === REASON.ok) complete();
    if (result.reason === REASON.timeout) result.totalMicros = timeoutMicros;
    session.close?.(result);
    resolve(result);
  };

  const complete = () => {
    result.totalMicros = spentMicros;
    // The timer may be a little late; only a stall of our own excuses an answer after the time-out.
    if (result.totalMicros - result.stallMicros <= timeoutMicros) return;
    result.reason = REASON.timeout;
    result.detail = `the answer took longer than ${timeoutMillis} ms`;
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

  const line: Line = { result, lap, now: clock.monotonicMicros, omit, finish, isOver: () => settled };

  const adopt = <T extends Socket>(socket: T): T => {
    sockets.push(socket);
    // Stays attached after the end: a reset that arrives late must not be an uncaught error.
    socket.on('error', (error) => finish(reasonOfSocketError(errorCode(error)), errorMessage(error)));
    socket.on('close', () => finish(REASON.closedEarly, 'closed before the answer was complete'));
    return socket;
  };

  const secure = (raw: Socket) => {
    const servername = isIPv6(url.host) || /^[0-9.]+$/.test(url.host) ? {} : { servername: url.host };
    const offered = request.protocols === undefined ? {} : { ALPNProtocols: [...request.protocols] };
    const options = { socket: raw, host: url.host, ...offered, ...servername };
    const socket = adopt(connectTls({ ...options, ...(secureContext === undefined ? {} : { secureContext }) }));
    socket.once('secureConnect', () => {
      if (settled) return;
      result.tlsMicros = lap();
      session.open(line, socket, socket);
    });
  };

  deadline = clock.after(timeoutMillis, onDeadline);
  signal?.addEventListener('abort', onAbort, { once: true });
  const raw: Socket = adopt(
    connectTcp({
      host: address,
      port: url.port,
      autoSelectFamily: false,
      noDelay: true,
      // TLS reads from the socket beneath JavaScript.
      ...(url.secure ? {} : { onread: { buffer: READ_BUFFER, callback: (count) => deliver(raw, count) } }),
    }),
  );
  // Making a socket takes longer than connecting it on a near network; the next thing that happens is the system call.
  raw.once('connectionAttempt', omit);
  raw.once('connect', () => {
    if (settled) return;
    result.connectMicros = lap();
    const remote = raw.remoteAddress;
    if (remote === undefined) finish(REASON.connectionReset, 'the connection was gone as soon as it stood');
    // The same text is the same address; another text may be another form of it.
    else if (remote !== address && Buffer.compare(addressBytes(remote) ?? new Uint8Array(0), result.address) !== 0) {
      finish(REASON.egressRefused, `connected to ${raw.remoteAddress} instead of ${address}`);
    } else if (url.secure) secure(raw);
    else session.open(line, raw, undefined);
  });
  return promise;
}

/**
 * All plain sockets of a thread read into this one: Node otherwise takes 64 KiB anew for each read, and the garbage of 500 probes a second
 * stops the loop for milliseconds. Nothing stays in it, because a callback ends before the next read.
 */
const READ_BUFFER = Buffer.allocUnsafeSlow(READ_BYTES_MAX);

function deliver(socket: Socket, count: number): boolean {
  socket.emit('data', Buffer.from(READ_BUFFER.subarray(0, count)));
  return true;
}

let builtInContext: SecureContext | undefined;

/** Made before the first stamp and kept: reading the built-in authorities takes tens of milliseconds. */
function contextFor(authorities: readonly string[] | undefined): SecureContext {
  if (authorities !== undefined) return createSecureContext({ minVersion: 'TLSv1.2', ca: [...authorities] });
  builtInContext ??= createSecureContext({ minVersion: 'TLSv1.2' });
  return builtInContext;
}
