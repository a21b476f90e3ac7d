import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import type { Clock } from './clock.ts';

/**
 * One question to one NTP server, as a client of RFC 5905 (section 14, SNTP): what it says about our clock, and how wrong
 * that can be. The transmit timestamp is random bits that only an answer to this very question can repeat, so nobody off
 * the path can answer for the server; somebody on it can, and is one voice of several (platform/reference.ts).
 */
export type NtpServer = { readonly host: string; readonly port: number };

/** By how much the server's clock is ahead of ours; the true offset lies within `radiusMillis` of it if the server is honest. */
export type Offset = { readonly offsetMillis: number; readonly radiusMillis: number };

export type NtpAnswer =
  | ({ readonly kind: 'offset' } & Offset)
  /** The server asks not to be asked (kiss-o'-death). */
  | { readonly kind: 'kiss'; readonly code: string }
  | { readonly kind: 'failed'; readonly detail: string };

export const NTP_PORT = 123;
/** An answer that took longer bounds the offset no better than half of it. */
export const NTP_MILLIS_MAX = 1_000;
/** RFC 5905, MAXDIST: a server further from its own reference clock than this is not synchronised. */
export const ROOT_DISTANCE_MILLIS_MAX = 1_500;
/** RFC 5905, section 7.3: the header; extensions and authentication may follow and are not read. */
export const NTP_BYTES_MIN = 48;
/** 0 is a kiss-o'-death, 16 an unsynchronised server. */
export const STRATUM_MAX = 15;

/** Our own wall clock counts whole milliseconds. */
const WALL_STEP_MILLIS = 1;
const CLIENT_V4 = 0x23;
const MODE_SERVER = 4;
const LEAP_UNKNOWN = 3;
const UNIX_EPOCH_SECONDS = 2_208_988_800;
const ERA_SECONDS = 2 ** 32;
const COOKIE_AT = 40;
const COOKIE_BYTES = 8;

/** Never rejects, and ends within NTP_MILLIS_MAX. */
export function askNtp(server: NtpServer, clock: Clock): Promise<NtpAnswer> {
  const { promise, resolve } = Promise.withResolvers<NtpAnswer>();
  const cookie = randomBytes(COOKIE_BYTES);
  const socket = createSocket(server.host.includes(':') ? 'udp6' : 'udp4');
  let sent: { unixMillis: number; micros: number } | undefined;
  let isOver = false;
  const end = (answer: NtpAnswer) => {
    if (isOver) return;
    isOver = true;
    timer.cancel();
    socket.close();
    resolve(answer);
  };
  const timer = clock.after(NTP_MILLIS_MAX, () => end({ kind: 'failed', detail: 'no answer' }));
  socket.on('error', (error) => end({ kind: 'failed', detail: error.message }));
  socket.on('message', (bytes) => {
    if (sent === undefined || isOver) return;
    const elapsedMillis = (clock.monotonicMicros() - sent.micros) / 1_000;
    const answer = readAnswer(bytes, cookie, sent.unixMillis, elapsedMillis);
    // Somebody else's packet does not end the wait for the server's.
    if (answer !== undefined) end(answer);
  });
  socket.once('connect', () => {
    const question = Buffer.alloc(NTP_BYTES_MIN);
    question[0] = CLIENT_V4;
    question.set(cookie, COOKIE_AT);
    sent = { unixMillis: clock.now(), micros: clock.monotonicMicros() };
    socket.send(question);
  });
  // A connected socket takes packets from the server's address and port alone.
  socket.connect(server.port, server.host);
  return promise;
}

/**
 * What an answer says; undefined for a packet that answers another question.
 * @param sentMillis our wall clock when the question left; the wait itself is measured on the monotonic clock
 */
export function readAnswer(
  bytes: Buffer,
  cookie: Uint8Array,
  sentMillis: number,
  elapsedMillis: number,
): NtpAnswer | undefined {
  if (bytes.length < NTP_BYTES_MIN || Buffer.compare(bytes.subarray(24, 32), cookie) !== 0) return undefined;
  const failed = (detail: string): NtpAnswer => ({ kind: 'failed', detail });
  const [leap, mode, stratum] = [bytes[0]! >> 6, bytes[0]! & 7, bytes[1]!];
  if (mode !== MODE_SERVER) return failed(`mode ${mode}`);
  if (stratum === 0) return { kind: 'kiss', code: bytes.toString('latin1', 12, 16).replaceAll(/[^A-Z0-9]/g, '?') };
  if (leap === LEAP_UNKNOWN) return failed('its clock is not synchronised');
  if (stratum > STRATUM_MAX) return failed(`stratum ${stratum}`);
  const rootMillis = shortMillis(bytes, 4) / 2 + shortMillis(bytes, 8);
  if (rootMillis > ROOT_DISTANCE_MILLIS_MAX) return failed(`${Math.round(rootMillis)} ms from its reference`);
  const [received, transmitted] = [unixMillisAt(bytes, 32), unixMillisAt(bytes, COOKIE_AT)];
  if (received === undefined || transmitted === undefined) return failed('no time');
  const delayMillis = elapsedMillis - (transmitted - received);
  if (transmitted < received || delayMillis < 0) return failed('it took longer to answer than we waited');
  const offsetMillis = (received - sentMillis + (transmitted - (sentMillis + elapsedMillis))) / 2;
  return { kind: 'offset', offsetMillis, radiusMillis: delayMillis / 2 + rootMillis + WALL_STEP_MILLIS };
}

/** 16 bits of seconds and 16 of their fraction. */
function shortMillis(bytes: Buffer, at: number): number {
  return (bytes.readUInt32BE(at) / 2 ** 16) * 1_000;
}

/** 32 bits of seconds and 32 of their fraction; undefined when unset. The first bit tells era 0 from era 1, which begins in 2036. */
function unixMillisAt(bytes: Buffer, at: number): number | undefined {
  const [seconds, fraction] = [bytes.readUInt32BE(at), bytes.readUInt32BE(at + 4)];
  if (seconds === 0 && fraction === 0) return undefined;
  const era = seconds < ERA_SECONDS / 2 ? ERA_SECONDS : 0;
  return (seconds + era - UNIX_EPOCH_SECONDS) * 1_000 + (fraction / 2 ** 32) * 1_000;
}
