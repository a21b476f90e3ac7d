import { connect as connectTcp, isIPv6, type OnReadOpts, type Socket } from 'node:net';
import {
  connect as connectTls,
  createSecureContext,
  DEFAULT_CIPHERS,
  rootCertificates,
  type SecureContext,
  type TLSSocket,
} from 'node:tls';
import { addressBytes } from '../../platform/address.ts';
import { errorCode, errorMessage } from '../../protocol/error.ts';
import { REASON } from '../../protocol/reason.ts';
import type { ProbeUrl } from './egress.ts';
import { reasonOfRemoteError, reasonOfSocketError } from './judge.ts';
import type { Inbox, Standing } from './keep.ts';
import { type Line, type LineRequest, openLine, type ProbeTools, probeAddress } from './line.ts';
import type { ProbeResult } from './result.ts';

export type ConnectionRequest = LineRequest & {
  url: ProbeUrl;
  /** Application protocols offered in a TLS handshake; none by default. */
  protocols?: readonly string[];
  /** Certificate authorities in PEM instead of the built-in ones. */
  authorities?: readonly string[] | undefined;
  /** Takes over a connection that may be kept; without it all are closed. */
  keep?: ((standing: Standing) => void) | undefined;
};

/** What a probe of one kind does with a connection that stands. Nothing but `mayKeep` and `close` is called once the probe is over. */
export type Session = {
  /** Called once, after TCP and, where the URL asks for it, TLS. `tls` is undefined on a plain connection. */
  open(line: Line, socket: Socket, tls: TLSSocket | undefined): void;
  /** What arrived; a lap inside of it ends at the arrival. */
  read?(line: Line, bytes: Buffer): void;
  /** The peer sends nothing more. */
  end?(line: Line): void;
  /** Whether the connection is still good for another question; asked once, at the end. No by default. */
  mayKeep?(): boolean;
  /** Called once, before the result is handed out, and after the last stamp: slow work belongs here. */
  close?(result: ProbeResult): void;
};

/** For people: without Node's advice to trust other authorities than the other watchers do, and of OpenSSL's own text the reason alone. */
function detailOf(error: Error): string {
  const [text = ''] = errorMessage(error).split('; if the root CA');
  return /:SSL routines:[^:]*:([^:]+):/.exec(text)?.[1] ?? text;
}

/** Listened for once; where one never came its listener would stay. */
const PHASES = ['connectionAttempt', 'connect', 'secureConnect'] as const;

/** What one read takes from the kernel at most: as much as Node itself asks for. */
const READ_BYTES_MAX = 64 << 10;

/**
 * One fresh connection on raw sockets, so that every phase is stamped in its own callback: resolve, check the address,
 * connect to that very one, TLS, then the session. Never rejects: whatever happens is in the result.
 */
export function probeConnection(tools: ProbeTools, request: ConnectionRequest, session: Session): Promise<ProbeResult> {
  return probeAddress(tools, request.url.host, request, (address) => connect(tools, request, address, session));
}

/** As `probeConnection`, on a connection that stands already: nothing is resolved, and there are no phases before the first byte. */
export function probeStanding(
  tools: ProbeTools,
  request: ConnectionRequest,
  standing: Standing,
  session: Session,
): Promise<ProbeResult> {
  return connect(tools, request, standing.address, session, standing);
}

/** Resolves exactly once, with all sockets destroyed but those of a connection that is kept. */
function connect(
  tools: ProbeTools,
  request: ConnectionRequest,
  address: string,
  session: Session,
  standing?: Standing,
): Promise<ProbeResult> {
  const { url } = request;
  const secureContext = url.secure ? contextFor(request.authorities) : undefined;
  const inbox: Inbox = standing?.inbox ?? { take: undefined };
  const sockets: Socket[] = [];
  let upper: TLSSocket | undefined;
  let isOpen = false;
  const release = () => {
    // Whatever a socket still holds of this probe lives as long as the socket's remains do (see `Inbox`).
    inbox.take = undefined;
    for (const socket of sockets) {
      socket.off('error', onError).off('close', onClose).off('end', onEnd);
      if (!isOpen) for (const phase of PHASES) socket.removeAllListeners(phase);
    }
    if (request.keep !== undefined && session.mayKeep?.()) {
      const bornMicros = standing?.bornMicros ?? line.result.startMicros;
      return request.keep({ raw: sockets[0]!, tls: upper, inbox, address, bornMicros });
    }
    // TLS before what carries it: the other way round, inside a callback of the handshake, Node 24 itself crashes.
    for (const socket of sockets.toReversed()) {
      // A reset that arrives late must not be an uncaught error.
      socket.on('error', ignore);
      socket.destroy();
    }
  };
  const { line, done } = openLine(tools, address, request, { release, close: (result) => session.close?.(result) });

  /** Whether the kernel has taken the connection on: what it refuses by itself it refuses at once. */
  let isUnderway = standing !== undefined;
  const onError = (error: Error) => {
    const reason = (isUnderway ? reasonOfRemoteError : reasonOfSocketError)(errorCode(error));
    line.finish(reason, detailOf(error));
  };
  const onClose = () => line.finish(REASON.closedEarly, 'closed before the answer was complete');
  const onEnd = () => {
    if (!line.isOver()) session.end?.(line);
  };
  const adopt = <T extends Socket>(socket: T): T => {
    sockets.push(socket);
    socket.on('error', onError);
    socket.on('close', onClose);
    return socket;
  };
  // A function written where it is assigned to a property would be among the old objects itself.
  const take: Inbox['take'] = (read) => line.arrive(() => session.read?.(line, read()));
  const open = (socket: Socket) => {
    isOpen = true;
    inbox.take = take;
    socket.on('end', onEnd);
    session.open(line, socket, upper);
  };

  const secure = (raw: Socket) => {
    const servername = isIPv6(url.host) || /^[0-9.]+$/.test(url.host) ? {} : { servername: url.host };
    const offered = request.protocols === undefined ? {} : { ALPNProtocols: [...request.protocols] };
    const options = { socket: raw, host: url.host, ...offered, ...servername };
    const socket = adopt(connectTls({ ...options, ...(secureContext === undefined ? {} : { secureContext }) }));
    upper = socket;
    socket.once('secureConnect', () => {
      if (line.isOver()) return;
      line.result.tlsMicros = line.lap();
      hand(socket, inbox);
      open(socket);
    });
  };

  if (standing !== undefined) {
    adopt(standing.raw);
    upper = standing.tls === undefined ? undefined : adopt(standing.tls);
    open(upper ?? standing.raw);
    return done;
  }
  const raw: Socket = adopt(
    connectTcp({
      host: address,
      port: url.port,
      autoSelectFamily: false,
      noDelay: true,
      // TLS reads from the socket beneath JavaScript.
      ...(url.secure ? {} : { onread: readInto(inbox) }),
    }),
  );
  // Making a socket takes longer than connecting it on a near network; the next thing that happens is the system call.
  raw.once('connectionAttempt', () => {
    line.omit();
    process.nextTick(() => {
      isUnderway = !raw.destroyed;
    });
  });
  raw.once('connect', () => {
    if (line.isOver()) return;
    line.result.connectMicros = line.lap();
    // The same text is the same address; another text may be another form of it.
    const refused = raw.remoteAddress === address ? undefined : otherThan(raw, line.result.address);
    if (refused !== undefined) line.finish(...refused);
    else if (url.secure) secure(raw);
    else open(raw);
  });
  return done;
}

/** Why a socket that connected is not connected to the address that was checked; undefined when it is. */
export function otherThan(socket: Socket, address: Uint8Array): Parameters<Line['finish']> | undefined {
  const remote = socket.remoteAddress === undefined ? undefined : addressBytes(socket.remoteAddress);
  if (remote === undefined) return [REASON.connectionReset, 'the connection was gone as soon as it stood'];
  if (Buffer.compare(remote, address) === 0) return undefined;
  return [REASON.egressRefused, `connected to ${socket.remoteAddress} instead of the address that was checked`];
}

/**
 * All plain sockets of a thread read into this one: Node otherwise takes 64 KiB anew for each read, and the garbage of 500 probes a second
 * stops the loop for milliseconds. Nothing stays in it, because a callback ends before the next read.
 */
const READ_BUFFER = Buffer.allocUnsafeSlow(READ_BYTES_MAX);

/** Outside of `connect`, so that the socket holds nothing of the probe but the inbox. */
function readInto(inbox: Inbox): OnReadOpts {
  const callback = (count: number): boolean => {
    inbox.take?.(() => Buffer.from(READ_BUFFER.subarray(0, count)));
    return true;
  };
  return { buffer: READ_BUFFER, callback };
}

/** As `readInto`, for TLS. */
function hand(socket: TLSSocket, inbox: Inbox): void {
  socket.on('data', (bytes: Buffer) => inbox.take?.(() => bytes));
}

function ignore(): void {}

/**
 * Without Diffie-Hellman over a prime of the server's choice: one of 10,000 bits holds the loop up for a second, before any certificate is looked at.
 * No browser offers it any more.
 */
const TLS_OPTIONS = { minVersion: 'TLSv1.2', ciphers: `${DEFAULT_CIPHERS}:!DHE` } as const;

let builtInContext: SecureContext | undefined;

/** Made before the first stamp and kept: reading the built-in authorities takes tens of milliseconds. */
function contextFor(authorities: readonly string[] | undefined): SecureContext {
  if (authorities !== undefined) return createSecureContext({ ...TLS_OPTIONS, ca: [...authorities] });
  // Named, so that no setting of one machine adds to them.
  builtInContext ??= createSecureContext({ ...TLS_OPTIONS, ca: [...rootCertificates] });
  return builtInContext;
}
