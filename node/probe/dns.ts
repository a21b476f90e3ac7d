import { randomInt } from 'node:crypto';
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { connect as connectTcp, isIPv6, type Socket } from 'node:net';
import { keccak_256 } from '@noble/hashes/sha3.js';
import type { Timer } from '../../platform/clock.ts';
import { errorCode, errorMessage } from '../../protocol/error.ts';
import { REASON, type Reason } from '../../protocol/reason.ts';
import { otherThan } from './connection.ts';
import {
  DNS_TYPES,
  type DnsQuestion,
  decodeAnswer,
  encodeQuery,
  holdsAsked,
  isReply,
  isTruncated,
  LABEL_BYTES_MAX,
  NAME_BYTES_MAX,
} from './dnsmessage.ts';
import { reasonOfSocketError } from './judge.ts';
import { checkedProbe, type Probe } from './kind.ts';
import { type Line, openLine, type ProbeTools, probeAddress } from './line.ts';
import { blankResult, type ProbeResult } from './result.ts';
import type { ServiceTarget } from './target.ts';

/** Copies of one question: a lost datagram is sent again, as TCP does with its first packet, or loss would read as an outage. */
export const DNS_SENDS_MAX = 3;
/** Before the second copy, twice as long before the third: the time-out of a first packet in RFC 6298. */
export const DNS_RESEND_MILLIS = 1_000;

/** What the length in front of a message over TCP can say. */
const MESSAGE_BYTES_MAX = 65_535;
const LABEL = /^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?$/;

/** The question of a URL's path, `/name?type=A` or `/name?type=A;rd=1`, after RFC 4501; a text says what is wrong with it. */
export function questionOf(path: string): DnsQuestion | string {
  const [, before = '', options] = /^\/([^?]*)(?:\?(.*))?$/.exec(path.toLowerCase()) ?? [];
  const name = before.replace(/\.$/, '');
  const labels = name.split('.');
  if (name.length + 2 > NAME_BYTES_MAX || !labels.every((one) => LABEL.test(one) && one.length <= LABEL_BYTES_MAX)) {
    return 'the path is no name; write it like dns://ns1.example.org/example.org?type=A';
  }
  const found: Record<string, string> = { type: 'a', class: 'in', rd: '0' };
  for (const option of options === undefined ? [] : options.split(';')) {
    const [key = '', value = ''] = option.split('=', 2);
    if (!Object.hasOwn(found, key)) return `${JSON.stringify(option)} is neither type= nor class= nor rd=`;
    found[key] = value;
  }
  const type = DNS_TYPES[found.type!.toUpperCase()];
  if (type === undefined) return `type is one of ${Object.keys(DNS_TYPES).join(', ')}`;
  if (found.class !== 'in') return 'class is IN';
  if (found.rd !== '0' && found.rd !== '1') return 'rd is 0, or 1 to ask a resolver';
  return { name, type, recurse: found.rd === '1' };
}

/**
 * `dns://server/name?type=A`: one question over UDP, over TCP when the answer does not fit. Good is an answer with the
 * response code `expectedStatus` and, when a digest is registered, exactly these records; without one, any of the type.
 */
export const dnsProbe: Probe = checkedProbe(['dns'], async (tools, target, url, signal) => {
  const question = questionOf(url.path);
  if (typeof question === 'string') return blankResult(REASON.unsupported, question);
  const request = { timeoutMillis: target.timeoutMillis, signal };
  return probeAddress(tools, url.host, request, async (address) => {
    const socket = await openUdp(address, url.port);
    if ('reason' in socket) return blankResult(socket.reason, socket.detail);
    return ask(tools, target, question, { address, port: url.port, socket }, signal);
  });
});

/** A socket of its own, and so a random port of the kernel's; connected, so that the kernel drops what comes from elsewhere. */
function openUdp(address: string, port: number): Promise<UdpSocket | { reason: Reason; detail: string }> {
  const { promise, resolve } = Promise.withResolvers<UdpSocket | { reason: Reason; detail: string }>();
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
  const onError = (error: unknown) => {
    socket.close();
    resolve({ reason: reasonOfSocketError(errorCode(error)), detail: errorMessage(error) });
  };
  socket.once('error', onError);
  socket.once('connect', () => {
    socket.off('error', onError);
    resolve(socket);
  });
  socket.connect(port, address);
  return promise;
}

type Server = { address: string; port: number; socket: UdpSocket };

function ask(
  tools: ProbeTools,
  target: ServiceTarget,
  question: DnsQuestion,
  { address, port, socket }: Server,
  signal: AbortSignal,
): Promise<ProbeResult> {
  // A name is asked for in lower case, as registered: with mixed case a server that does not repeat it would seem down.
  const query = encodeQuery(question, randomInt(1 << 16));
  let reply: Buffer | undefined;
  let resend: Timer | undefined;
  let stream: Socket | undefined;
  const release = () => {
    resend?.cancel();
    socket.close();
    stream?.destroy();
  };
  const close = (result: ProbeResult) => {
    if (reply !== undefined && result.reason === REASON.ok) examine(result, reply, query, target);
  };
  const { line, done } = openLine(tools, address, { timeoutMillis: target.timeoutMillis, signal }, { release, close });
  const fail = (error: unknown) => line.finish(reasonOfSocketError(errorCode(error)), errorMessage(error));

  const send = (copies: number, waitMillis: number) => {
    socket.send(query, (error) => {
      if (error) fail(error);
    });
    if (copies < DNS_SENDS_MAX) resend = tools.clock.after(waitMillis, () => send(copies + 1, 2 * waitMillis));
  };
  const askByTcp = () => {
    resend?.cancel();
    stream = connectTcp({ host: address, port, autoSelectFamily: false, noDelay: true });
    exchange(line, stream, query, (message) => {
      line.result.transferMicros = line.lap();
      reply = message;
      line.finish(REASON.ok, '');
    });
  };

  socket.on('error', fail);
  socket.on('message', (bytes) => {
    // Not answers to this question: somebody else's guesses. They cost their reading, and the time-out bounds that.
    if (line.isOver() || stream !== undefined || !isReply(bytes, query)) return;
    line.result.firstByteMicros = line.lap();
    if (isTruncated(bytes)) return askByTcp();
    line.result.transferMicros = 0;
    reply = bytes;
    line.finish(REASON.ok, '');
  });
  send(1, DNS_RESEND_MILLIS);
  return done;
}

/** The question and its answer over TCP (RFC 1035 section 4.2.2), each behind two bytes with its length. */
function exchange(line: Line, stream: Socket, query: Buffer, take: (message: Buffer) => void): void {
  const store = Buffer.alloc(2 + MESSAGE_BYTES_MAX);
  let used = 0;
  stream.on('error', (error) => line.finish(reasonOfSocketError(errorCode(error)), errorMessage(error)));
  stream.on('close', () => line.finish(REASON.closedEarly, 'closed before the answer was complete'));
  stream.once('connect', () => {
    if (line.isOver()) return;
    const refused = otherThan(stream, line.result.address);
    if (refused !== undefined) return line.finish(...refused);
    const length = Buffer.alloc(2);
    length.writeUInt16BE(query.length);
    stream.write(Buffer.concat([length, query]));
  });
  stream.on('data', (bytes: Buffer) => {
    if (line.isOver()) return;
    // Whole pieces into one store: a message that drips in must not be copied again with every byte.
    used += bytes.copy(store, used);
    const end = 2 + store.readUInt16BE(0);
    if (used < 2 || used < end) return;
    const message = store.subarray(2, end);
    if (isReply(message, query) && !isTruncated(message)) take(message);
    else line.finish(REASON.malformedAnswer, 'what came over TCP does not answer this question');
  });
}

/** Read after the last stamp, so that a long answer costs its provider nothing. */
function examine(result: ProbeResult, reply: Buffer, query: Buffer, target: ServiceTarget): void {
  const say = (reason: Reason, detail: string) => Object.assign(result, { reason, detail });
  const answer = decodeAnswer(reply, query);
  if (typeof answer === 'string') return void say(REASON.malformedAnswer, answer);
  const { rcode, records } = answer;
  result.statusCode = rcode;
  if (rcode !== target.expectedStatus) {
    return void say(REASON.wrongStatus, `response code ${rcode} (${RCODES[rcode] ?? 'unassigned'})`);
  }
  if (target.expectedBodyDigest === undefined) {
    if (rcode === 0 && !holdsAsked(records, query))
      return void say(REASON.emptyAnswer, 'the name has no such record here');
    return void say(REASON.ok, countOf(records));
  }
  result.bodyDigest = keccak_256(Buffer.concat(records));
  const isRight = Buffer.compare(result.bodyDigest, target.expectedBodyDigest) === 0;
  const detail = `${countOf(records)} with digest 0x${Buffer.from(result.bodyDigest).toString('hex')}`;
  say(isRight ? REASON.ok : REASON.wrongAnswer, detail);
}

const RCODES = ['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED'];

function countOf(records: readonly Uint8Array[]): string {
  return records.length === 1 ? '1 record' : `${records.length} records`;
}
