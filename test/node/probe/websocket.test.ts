import { createHash } from 'node:crypto';
import { createServer, type Socket } from 'node:net';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { describe, expect, it } from 'vitest';
import { OPCODE } from '../../../node/probe/frames.ts';
import { judge } from '../../../node/probe/judge.ts';
import type { ServiceTarget } from '../../../node/probe/target.ts';
import { decodeDialogue, encodeDialogue, SKIP_MAX, websocketProbe } from '../../../node/probe/websocket.ts';
import { REASON, type Reason } from '../../../protocol/reason.ts';
import { OUTCOME } from '../../../protocol/sample.ts';
import { SERVICE_KIND } from '../../../protocol/service.ts';
import { manualClock } from './manual-clock.ts';
import { serve, toolsFor } from './raw-server.ts';
import { targetAt } from './target-fixture.ts';
import { serverFrame, unmasked, websocketServer } from './websocket-server.ts';

const good = { outcome: OUTCOME.good, reason: REASON.ok };
const bad = (reason: Reason) => ({ outcome: OUTCOME.bad, reason });
const digestOf = (text: string) => keccak_256(Buffer.from(text));
const isBlank = (digest: Uint8Array) => digest.every((byte) => byte === 0);

async function probe(port: number, more: Partial<ServiceTarget>, tools = toolsFor()) {
  const url = `ws://127.0.0.1:${port}/feed`;
  const target = targetAt(url, { kind: SERVICE_KIND.websocket, timeoutMillis: 20_000, ...more });
  const result = await websocketProbe(tools, target, new AbortController().signal);
  return { ...result, judged: judge(result, target) };
}

/** Sends back what it gets, in the opcode that it came in. */
const echo = () =>
  websocketServer(
    () => {},
    (bytes, socket) => {
      const { opcode, payload } = unmasked(bytes);
      if (opcode === OPCODE.text) socket.write(serverFrame(opcode, payload));
    },
  );
const saying = (...frames: Buffer[]) => websocketServer((socket) => socket.write(Buffer.concat(frames)));
const listening = (skip = 0) => encodeDialogue({ message: '', skip });

describe('a websocket probe with a dialogue', () => {
  it.each(['ping', 'é'.repeat(100), 'x'.repeat(1_000)])(
    'sends its text masked and takes the echo (%#)',
    async (message) => {
      await using server = await echo();
      const extra = encodeDialogue({ message, skip: 0 });
      const result = await probe(server.port, { extra, expectedBodyDigest: digestOf(message) });
      expect(result.judged).toEqual(good);
      expect(result.bodyDigest).toEqual(digestOf(message));
      expect(result.statusCode).toBe(101);
      expect(result.totalMicros).toBe(result.connectMicros + result.firstByteMicros + result.transferMicros);
      const other = await probe(server.port, { extra, expectedBodyDigest: digestOf(`${message}!`) });
      expect(other.judged).toEqual(bad(REASON.wrongAnswer));
      expect(isBlank(other.bodyDigest)).toBe(false);
    },
  );

  it('takes any message when none is registered, and digests none', async () => {
    await using server = await saying(serverFrame(OPCODE.text, 'whatever'));
    const result = await probe(server.port, { extra: listening() });
    expect(result.judged).toEqual(good);
    expect(isBlank(result.bodyDigest)).toBe(true);
    expect(result.detail).toBe('a message of 8 bytes');
  });

  it('passes over the confirmation of a subscription, and takes the first event, in pieces among pings', async () => {
    const sent: string[] = [];
    const ponged = Promise.withResolvers<Buffer>();
    await using server = await websocketServer(
      () => {},
      (bytes, socket) => {
        const { opcode, payload } = unmasked(bytes);
        if (opcode === OPCODE.text) {
          sent.push(payload.toString());
          socket.write(Buffer.concat([serverFrame(OPCODE.text, 'subscribed'), serverFrame(OPCODE.text, 'ev', false)]));
          socket.write(serverFrame(OPCODE.ping, 'are you there'));
        } else if (opcode === OPCODE.pong) {
          ponged.resolve(payload);
          socket.write(serverFrame(OPCODE.continuation, 'ent'));
        }
      },
    );
    const extra = encodeDialogue({ message: 'subscribe', skip: 1 });
    const result = await probe(server.port, { extra, expectedBodyDigest: digestOf('event') });
    expect(result.judged).toEqual(good);
    expect(sent).toEqual(['subscribe']);
    expect((await ponged.promise).toString()).toBe('are you there');
  });

  it('says good-bye', async () => {
    const { promise: closed, resolve } = Promise.withResolvers<Buffer>();
    const onFrame = (bytes: Buffer) => resolve(unmasked(bytes).payload);
    await using server = await websocketServer((socket) => socket.write(serverFrame(OPCODE.text, 'x')), onFrame);
    await probe(server.port, { extra: listening() });
    expect((await closed).readUInt16BE(0)).toBe(1_000);
  });

  it.each([
    ['without Connection: Upgrade', 'HTTP/1.1', ['Upgrade: websocket', 'ACCEPT']],
    ['of HTTP/1.0', 'HTTP/1.0', ['Upgrade: websocket', 'Connection: Upgrade', 'ACCEPT']],
    [
      'with an extension',
      'HTTP/1.1',
      ['Upgrade: websocket', 'Connection: Upgrade', 'ACCEPT', 'Sec-WebSocket-Extensions: x'],
    ],
    [
      'with a protocol',
      'HTTP/1.1',
      ['Upgrade: websocket', 'Connection: Upgrade', 'ACCEPT', 'Sec-WebSocket-Protocol: x'],
    ],
    ['with two accept values', 'HTTP/1.1', ['Upgrade: websocket', 'Connection: Upgrade', 'ACCEPT', 'ACCEPT']],
  ])('is bad with a handshake %s', async (_name, version, fields) => {
    await using server = await serve(
      createServer((socket) =>
        socket.on('data', (bytes) => {
          const [, key] = /Sec-WebSocket-Key: (\S+)/.exec(bytes.toString())!;
          const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
          const lines = fields.map((field) => (field === 'ACCEPT' ? `Sec-WebSocket-Accept: ${accept}` : field));
          socket.write([`${version} 101 Switching Protocols`, ...lines, '', ''].join('\r\n'));
        }),
      ),
    );
    expect((await probe(server.port, {})).judged).toEqual(bad(REASON.malformedAnswer));
  });

  it('times out when the message does not come', async () => {
    const clock = manualClock();
    const { promise: opened, resolve } = Promise.withResolvers<void>();
    await using server = await websocketServer(() => resolve());
    const running = probe(server.port, { extra: listening(), timeoutMillis: 1_000 }, toolsFor(clock));
    await opened;
    await clock.advance(1_000);
    const result = await running;
    expect(result.judged).toEqual(bad(REASON.timeout));
    expect(result.totalMicros).toBe(1_000_000);
  });

  const HOSTILE: [name: string, act: (socket: Socket) => void, Reason][] = [
    [
      'a close frame instead',
      (socket) => socket.write(serverFrame(OPCODE.close, Buffer.from([3, 0xf3]))),
      REASON.closedEarly,
    ],
    ['the end of the connection', (socket) => socket.end(), REASON.closedEarly],
    [
      'half a frame and the end',
      (socket) => socket.end(serverFrame(OPCODE.text, 'long').subarray(0, 3)),
      REASON.closedEarly,
    ],
    ['a masked frame', (socket) => socket.write(Buffer.from([0x81, 0x81, 0, 0, 0, 0, 0x61])), REASON.malformedAnswer],
    [
      'a message without end',
      (socket) => socket.write(Buffer.from([0x81, 127, 0, 0, 1, 0, 0, 0, 0, 0])),
      REASON.malformedAnswer,
    ],
    [
      'pings without end',
      (socket) => socket.write(Buffer.alloc(2_000, serverFrame(OPCODE.ping, ''))),
      REASON.malformedAnswer,
    ],
  ];
  it.each(HOSTILE)('is bad with %s', async (_name, act, reason) => {
    await using server = await websocketServer(act);
    const result = await probe(server.port, { extra: listening(), expectedBodyDigest: digestOf('x') });
    expect(result.judged).toEqual(bad(reason));
    expect(isBlank(result.bodyDigest)).toBe(true);
  });

  it('sends nothing for settings that it does not understand', async () => {
    let opened = 0;
    await using server = await websocketServer(() => (opened += 1));
    for (const extra of [Buffer.alloc(1), encodeDialogue({ message: '', skip: SKIP_MAX + 1 }), Buffer.alloc(64)]) {
      expect((await probe(server.port, { extra })).reason).toBe(REASON.unsupported);
    }
    expect(opened).toBe(0);
    expect(decodeDialogue(encodeDialogue({ message: 'a', skip: 1 }))).toEqual({ message: 'a', skip: 1 });
  });
});
