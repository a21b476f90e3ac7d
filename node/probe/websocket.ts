import { createHash } from 'node:crypto';
import type { Socket } from 'node:net';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { decodeAbiParameters, encodeAbiParameters, parseAbiParameters } from 'viem';
import { fromHex, toHex } from '../../protocol/bytes.ts';
import { REASON } from '../../protocol/reason.ts';
import { type AnswerParser, createAnswerParser } from './answer.ts';
import { probeConnection, type Session } from './connection.ts';
import type { ProbeUrl } from './egress.ts';
import { closeFrame, createFrameReader, encodeFrame, OPCODE } from './frames.ts';
import { HEADER_BYTES_MAX, isRedirect, USER_AGENT } from './http.ts';
import { checkedProbe, type Probe } from './kind.ts';
import type { Line } from './line.ts';
import { blankResult } from './result.ts';

/** `extra` of a websocket service: which message counts. Empty: the handshake is all that is asked for. */
export type Dialogue = {
  /** Sent as one text message after the handshake; nothing is sent when it is empty. */
  readonly message: string;
  /** Messages passed over before the one that counts: 1 for the confirmation of a subscription. */
  readonly skip: number;
};

/** Messages that are passed over are load without a measure. */
export const SKIP_MAX = 8;

/** RFC 6455 section 1.3. */
const ACCEPT_SUFFIX = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const KEY_BYTES = 16;
const EXTRA = parseAbiParameters('string message, uint8 skip');

export function encodeDialogue({ message, skip }: Dialogue): Uint8Array {
  return fromHex(encodeAbiParameters(EXTRA, [message, skip]));
}

/** Undefined unless `extra` is the encoding of a dialogue, byte for byte. */
export function decodeDialogue(extra: Uint8Array): Dialogue | undefined {
  try {
    const [message, skip] = decodeAbiParameters(EXTRA, toHex(extra));
    const isSame = Buffer.compare(encodeDialogue({ message, skip }), extra) === 0;
    return isSame && skip <= SKIP_MAX ? { message, skip } : undefined;
  } catch {
    return undefined;
  }
}

/**
 * `ws://` and `wss://`: good is a handshake of RFC 6455, status 101 with the accept value of this very request; with a
 * dialogue, also the message that counts, and with a registered digest, exactly this message.
 */
export const websocketProbe: Probe = checkedProbe(['ws', 'wss'], async (tools, target, url, signal) => {
  const extra = target.extra ?? new Uint8Array(0);
  const dialogue = extra.length === 0 ? undefined : decodeDialogue(extra);
  if (extra.length > 0 && dialogue === undefined) {
    return blankResult(REASON.unsupported, `extra is not (string message, uint8 skip), skip at most ${SKIP_MAX}`);
  }
  // Another key in every probe, so that no cache answers; it guards nothing, and so need not be random.
  const seed = `${url.origin} ${tools.clock.monotonicMicros()}`;
  const key = createHash('sha256').update(seed).digest().subarray(0, KEY_BYTES).toString('base64');
  const { timeoutMillis, authorities } = target;
  const request = { url, timeoutMillis, protocols: ['http/1.1'], authorities, signal };
  return probeConnection(tools, request, sessionOf(url, key, dialogue, target.expectedBodyDigest));
});

function sessionOf(
  url: ProbeUrl,
  key: string,
  dialogue: Dialogue | undefined,
  expectedDigest: Uint8Array | undefined,
): Session {
  const accept = createHash('sha1')
    .update(key + ACCEPT_SUFFIX)
    .digest('base64');
  const bounds = { headerBytesMax: HEADER_BYTES_MAX, bodyBytesMax: 0, keepBody: false };
  const parser = createAnswerParser({ method: 'GET', ...bounds, upgrade: true });
  let message: Buffer | undefined;

  /** What the handshake has come to: true once frames may follow. */
  const handshake = (line: Line, state: ReturnType<typeof parser.push>): boolean => {
    if (parser.statusCode() !== 0 && parser.statusCode() !== 101) {
      line.result.transferMicros = line.lap();
      line.finish(REASON.ok, 'an answer, and no upgrade');
      return false;
    }
    if (state.kind === 'reading') return false;
    if (state.kind === 'fault') {
      line.finish(state.reason, state.detail);
      return false;
    }
    const wrong = wrongUpgrade(parser, accept);
    if (wrong === undefined) return true;
    line.finish(REASON.malformedAnswer, `status 101 ${wrong}`);
    return false;
  };

  let socket: Socket;
  let receive: ((bytes: Buffer) => void) | undefined;
  let isFirst = true;

  const finish = (line: Line, detail: string) => {
    line.result.transferMicros = line.lap();
    socket.write(closeFrame());
    line.finish(REASON.ok, detail);
  };
  const upgraded = (line: Line) => {
    if (dialogue === undefined) return finish(line, 'upgraded');
    receive = converse(line, socket, dialogue, (payload) => {
      message = payload;
      finish(line, `a message of ${payload.length} bytes`);
    });
    receive(parser.rest());
  };

  return {
    open: (_line, opened) => {
      socket = opened;
      socket.write(requestText(url, key));
    },
    read: (line, bytes) => {
      if (isFirst) line.result.firstByteMicros = line.lap();
      isFirst = false;
      if (receive !== undefined) receive(bytes);
      else if (handshake(line, parser.push(bytes))) upgraded(line);
    },
    end: (line) => {
      if (receive === undefined) handshake(line, parser.end());
    },
    // Hashing comes after the last stamp.
    close: (result) => {
      result.statusCode = parser.statusCode();
      if (isRedirect(result.statusCode)) result.location = parser.field('location');
      if (result.reason !== REASON.ok || message === undefined || expectedDigest === undefined) return;
      result.bodyDigest = keccak_256(message);
      if (Buffer.compare(result.bodyDigest, expectedDigest) === 0) return;
      result.reason = REASON.wrongAnswer;
      result.detail = 'the message is another one than registered';
    },
  };
}

/** What RFC 6455 section 4.1 has a client refuse in a handshake that offered neither extensions nor protocols; undefined: nothing. */
function wrongUpgrade(parser: AnswerParser, accept: string): string | undefined {
  const accepts = parser.fields('sec-websocket-accept');
  if (accepts.length !== 1 || accepts[0] !== accept) return 'without the accept value of this request';
  if (parser.field('upgrade')?.toLowerCase() !== 'websocket') return 'without Upgrade: websocket';
  const tokens = parser.fields('connection').flatMap((value) => value.toLowerCase().split(','));
  if (!tokens.some((token) => token.trim() === 'upgrade')) return 'without Connection: Upgrade';
  const unasked = ['sec-websocket-extensions', 'sec-websocket-protocol'].find((name) => parser.fields(name).length > 0);
  return unasked === undefined ? undefined : `with ${unasked}, which was not offered`;
}

/** Sends the message, answers pings, and gives the message that counts to `take`. Returns what takes the bytes that arrive. */
function converse(line: Line, socket: Socket, { message, skip }: Dialogue, take: (payload: Buffer) => void) {
  const reader = createFrameReader();
  let left = skip;
  if (message !== '') socket.write(encodeFrame(OPCODE.text, Buffer.from(message)));
  return (bytes: Buffer): void => {
    for (const event of reader.push(bytes)) {
      if (line.isOver()) return;
      if (event.kind === 'ping') socket.write(encodeFrame(OPCODE.pong, event.payload));
      else if (event.kind === 'fault') line.finish(REASON.malformedAnswer, event.detail);
      else if (event.kind === 'close')
        line.finish(REASON.closedEarly, `closed with code ${event.code} before the message`);
      else if (left > 0) left -= 1;
      else take(event.payload);
    }
  };
}

function requestText(url: ProbeUrl, key: string): string {
  const lines = [
    `GET ${url.path} HTTP/1.1`,
    `Host: ${url.authority}`,
    `User-Agent: ${USER_AGENT}`,
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    `Sec-WebSocket-Key: ${key}`,
  ];
  return `${lines.join('\r\n')}\r\n\r\n`;
}
