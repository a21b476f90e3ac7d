import { createHash } from 'node:crypto';
import { REASON } from '../../protocol/reason.ts';
import { createAnswerParser } from './answer.ts';
import { probeConnection, type Session } from './connection.ts';
import type { ProbeUrl } from './egress.ts';
import { HEADER_BYTES_MAX, readAnswer, USER_AGENT } from './http.ts';
import { checkedProbe, type Probe } from './kind.ts';

/** RFC 6455 section 1.3. */
const ACCEPT_SUFFIX = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const KEY_BYTES = 16;

/** `ws://` and `wss://`: good is a handshake of RFC 6455, status 101 with the accept value of this very request. */
export const websocketProbe: Probe = checkedProbe(['ws', 'wss'], (tools, target, url, signal) => {
  // Another key in every probe, so that no cache answers; it guards nothing, and so need not be random.
  const seed = `${url.origin} ${tools.clock.monotonicMicros()}`;
  const key = createHash('sha256').update(seed).digest().subarray(0, KEY_BYTES).toString('base64');
  const { timeoutMillis, authorities } = target;
  const request = { url, timeoutMillis, protocols: ['http/1.1'], authorities, signal };
  return probeConnection(tools, request, handshake(url, key));
});

function handshake(url: ProbeUrl, key: string): Session {
  const accept = createHash('sha1')
    .update(key + ACCEPT_SUFFIX)
    .digest('base64');
  const parser = createAnswerParser({
    method: 'GET',
    headerBytesMax: HEADER_BYTES_MAX,
    bodyBytesMax: 0,
    keepBody: false,
    upgrade: true,
  });
  return {
    open: (line, socket) => {
      readAnswer(line, socket, parser, (state) => {
        if (parser.statusCode() !== 0 && parser.statusCode() !== 101) {
          line.result.transferMicros = line.lap();
          return line.finish(REASON.ok, 'an answer, and no upgrade');
        }
        if (state.kind === 'reading') return;
        if (state.kind === 'fault') return line.finish(state.reason, state.detail);
        line.result.transferMicros = line.lap();
        const upgraded = parser.field('upgrade')?.toLowerCase() === 'websocket';
        if (upgraded && parser.field('sec-websocket-accept') === accept) line.finish(REASON.ok, 'upgraded');
        else line.finish(REASON.malformedAnswer, 'status 101 without the accept value of this request');
      });
      socket.write(requestText(url, key));
    },
    close: (result) => {
      result.statusCode = parser.statusCode();
    },
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
