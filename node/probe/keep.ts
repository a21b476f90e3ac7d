import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { decodeAbiParameters, encodeAbiParameters, parseAbiParameters } from 'viem';
import { fromHex, toHex } from '../../protocol/bytes.ts';
import type { ProbeTools } from './line.ts';

/**
 * Who reads a connection now: `take` is told of every piece that arrives, and asks for its bytes. Node puts a part of each socket among
 * V8's old objects at once, where it stays until the next full collection, and with it all that the socket leads to; so what
 * a probe hangs on its socket, it takes away.
 */
export type Inbox = { take: ((read: () => Buffer) => void) | undefined };

/** A connection that stands between two probes of one service. */
export type Standing = {
  readonly raw: Socket;
  readonly tls: TLSSocket | undefined;
  readonly inbox: Inbox;
  readonly address: string;
  /** When it was begun, on the monotonic clock: its age counts, however often it was used. */
  readonly bornMicros: number;
};

/** Connections that stand idle; a service beyond them gets a fresh one for each probe. */
export const KEPT_MAX = 256;
/** As long as a name may lead elsewhere unnoticed; then the next probe resolves and connects again. */
export const KEEP_MILLIS = 300_000;

const EXTRA = parseAbiParameters('uint32 rate, uint32 flags');
const KEEP_ALIVE = 1;

/** `extra` of an http service whose probes share a connection. The rate of bursts comes first, and is 0: `extra` of bursts is shorter. */
export function encodeKeepAlive(): Uint8Array {
  return fromHex(encodeAbiParameters(EXTRA, [0, KEEP_ALIVE]));
}

export function isKeptAlive(extra: Uint8Array | undefined): boolean {
  if (extra === undefined || extra.length !== 64) return false;
  const [rate, flags] = decodeAbiParameters(EXTRA, toHex(extra));
  return rate === 0 && flags === KEEP_ALIVE;
}

type Kept = { readonly standing: Standing; readonly untilMicros: number; readonly leave: () => void };

/** By whoever probes: connections are a watcher's own, and of one service each. */
const keptBy = new WeakMap<ProbeTools, Map<string, Kept>>();

/** The standing connection of a service, out of the hands of everybody else; undefined when there is none that may be used. */
export function takeKept(tools: ProbeTools, serviceId: string): Standing | undefined {
  const kept = keptBy.get(tools)?.get(serviceId);
  if (kept === undefined) return undefined;
  kept.leave();
  const { standing, untilMicros } = kept;
  const isOld = tools.clock.monotonicMicros() >= untilMicros;
  // What was allowed then may be an address of this machine now.
  if (!isOld && tools.egress.refusal(standing.address) === undefined) return standing;
  drop(standing);
  return undefined;
}

/** Keeps a connection until the next probe takes it or its peer closes it. */
export function keep(tools: ProbeTools, serviceId: string, standing: Standing): void {
  const all = keptBy.get(tools) ?? new Map<string, Kept>();
  keptBy.set(tools, all);
  if (all.has(serviceId) || all.size >= KEPT_MAX) return void drop(standing);
  // Whatever comes while nothing was asked: the connection is of no use any more.
  const end = () => {
    leave();
    drop(standing);
  };
  const events = ['error', 'close', 'end'] as const;
  const ours = standing.tls === undefined ? [standing.raw] : [standing.raw, standing.tls];
  for (const one of ours) for (const event of events) one.on(event, end);
  standing.inbox.take = end;
  // A program that has nothing else to do may end.
  standing.raw.unref();
  const leave = () => {
    standing.raw.ref();
    standing.inbox.take = undefined;
    all.delete(serviceId);
    for (const one of ours) for (const event of events) one.off(event, end);
  };
  all.set(serviceId, { standing, untilMicros: standing.bornMicros + KEEP_MILLIS * 1_000, leave });
}

/** A late error of a connection that nobody holds must not end the program. */
function drop({ raw, tls }: Standing): void {
  // TLS before what carries it, as everywhere.
  for (const socket of tls === undefined ? [raw] : [tls, raw]) {
    socket.on('error', () => undefined);
    socket.destroy();
  }
}
