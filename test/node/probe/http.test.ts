import { createServer as createHttpServer } from 'node:http';
import { createServer, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { describe, expect, it } from 'vitest';
import { BODY_BYTES_MAX, HEADER_BYTES_MAX, probeHttp } from '../../../node/probe/http.ts';
import { addressText } from '../../../platform/address.ts';
import { REASON, type Reason } from '../../../protocol/reason.ts';
import { ABSENT_MICROS } from '../../../protocol/sample.ts';
import { selfSigned } from './certificate.ts';
import { manualClock } from './manual-clock.ts';
import { get, rawServer, serve, toolsFor } from './raw-server.ts';

const OK = 'HTTP/1.1 200 OK\r\n';

describe('an HTTP probe', () => {
  it('measures the phases of a good answer, which add up to the total', async () => {
    const server = createHttpServer((_request, response) => response.end('hello'));
    await using web = await serve(server);
    const result = await get(web.url);
    expect(result).toMatchObject({ reason: REASON.ok, statusCode: 200, tlsMicros: ABSENT_MICROS });
    expect(Buffer.from(result.body!).toString()).toBe('hello');
    expect(result.bodyDigest).toEqual(keccak_256(Buffer.from('hello')));
    expect(addressText(result.address)).toBe('127.0.0.1');
    expect(result.totalMicros).toBe(result.connectMicros + result.firstByteMicros + result.transferMicros);
    expect(result.resolveMicros).toBeLessThan(ABSENT_MICROS);
  });

  it('asks like any other client, on a connection of its own', async () => {
    const requests: string[] = [];
    await using server = await rawServer((socket, request) => {
      requests.push(request);
      socket.end(`${OK}Content-Length: 0\r\n\r\n`);
    });
    await get(`${server.url}path?q=%0d%0a`);
    const host = `127.0.0.1:${server.port}`;
    expect(requests[0]).toMatch(/^GET \/path\?q=%0d%0a HTTP\/1\.1\r\nHost: /);
    expect(requests[0]).toContain(`\r\nHost: ${host}\r\n`);
    expect(requests[0]).toContain('\r\nConnection: close\r\n\r\n');
    expect(requests[0]).not.toMatch(/plumbline/i);
  });

  it('does not follow a redirect', async () => {
    await using server = await rawServer((socket) => {
      socket.end('HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n');
    });
    expect(await get(server.url)).toMatchObject({ reason: REASON.ok, statusCode: 302 });
  });

  it('takes only the header of an answer to HEAD', async () => {
    await using server = await rawServer((socket) => socket.write(`${OK}Content-Length: 5\r\n\r\n`));
    expect(await get(server.url, { method: 'HEAD' })).toMatchObject({ reason: REASON.ok, statusCode: 200 });
  });

  it('keeps neither body nor digest when not asked', async () => {
    await using server = await rawServer((socket) => socket.end(`${OK}Content-Length: 2\r\n\r\nok`));
    const result = await get(server.url, { wantBody: false, wantDigest: false });
    expect(result.body).toBeUndefined();
    expect(result.bodyDigest).toEqual(new Uint8Array(32));
  });

  it('finds nobody listening: refused, with no latency', async () => {
    const server = await rawServer(() => undefined);
    await server[Symbol.asyncDispose]();
    const result = await get(server.url);
    const absent = { connectMicros: ABSENT_MICROS, totalMicros: ABSENT_MICROS };
    expect(result).toMatchObject({ reason: REASON.connectionRefused, statusCode: 0, ...absent });
  });

  it('sends nothing where the egress policy forbids it', async () => {
    const result = await get('http://10.0.0.1/');
    expect(result).toMatchObject({ reason: REASON.egressRefused, connectMicros: ABSENT_MICROS });
  });

  it('connects to the address that was checked, although the name has another one by then', async () => {
    await using server = await rawServer((socket) => socket.end(`${OK}Content-Length: 0\r\n\r\n`));
    const tools = toolsFor();
    let asked = 0;
    const first = {
      resolve: async () => ({ kind: 'addresses' as const, addresses: [asked++ === 0 ? '127.0.0.1' : '10.0.0.1'] }),
    };
    const url = `http://rebinding.example:${server.port}/`;
    const result = await get(url, {}, { ...tools, resolvers: { first, second: undefined } });
    expect(result.reason).toBe(REASON.ok);
    expect(asked).toBe(1);
  });
});

type Hostile = [name: string, reason: Reason, answer: (socket: Socket) => void];

const HOSTILE: Hostile[] = [
  ['closes without a word', REASON.closedEarly, (socket) => socket.end()],
  ['closes inside the status line', REASON.closedEarly, (socket) => socket.end('HTTP/1.1 2')],
  ['closes inside the header', REASON.closedEarly, (socket) => socket.end(`${OK}Content-Type: te`)],
  ['promises more than it sends', REASON.closedEarly, (socket) => socket.end(`${OK}Content-Length: 9\r\n\r\nshort`)],
  ['resets before an answer', REASON.connectionReset, (socket) => socket.resetAndDestroy()],
  [
    'resets in the middle of the body',
    REASON.connectionReset,
    (socket) => socket.write(`${OK}Content-Length: 9\r\n\r\nshort`, () => socket.resetAndDestroy()),
  ],
  ['sends a bad chunk', REASON.malformedAnswer, (s) => s.write(`${OK}Transfer-Encoding: chunked\r\n\r\nzz\r\n`)],
  ['speaks another protocol', REASON.malformedAnswer, (socket) => socket.write('SSH-2.0-OpenSSH_9.9\r\n')],
  ['floods the header', REASON.headerTooLarge, (s) => s.write(OK + 'X-Flood: 1\r\n'.repeat(HEADER_BYTES_MAX / 8))],
  [
    'sends an endless header line',
    REASON.headerTooLarge,
    (s) => s.write(`${OK}X: ${'y'.repeat(2 * HEADER_BYTES_MAX)}`),
  ],
  ['promises a huge body', REASON.bodyTooLarge, (s) => s.write(`${OK}Content-Length: ${BODY_BYTES_MAX + 1}\r\n\r\n`)],
  [
    'sends an endless body',
    REASON.bodyTooLarge,
    (socket) => {
      const block = Buffer.alloc(64 << 10, 'x');
      const pump = () => {
        while (!socket.destroyed && socket.write(block));
      };
      socket.on('drain', pump).write(`${OK}\r\n`);
      pump();
    },
  ],
  [
    'sends endless chunks',
    REASON.bodyTooLarge,
    (socket) => {
      const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`;
      const pump = () => {
        while (!socket.destroyed && socket.write(chunk));
      };
      socket.on('drain', pump).write(`${OK}Transfer-Encoding: chunked\r\n\r\n`);
      pump();
    },
  ],
];

describe('a hostile server', () => {
  it.each(HOSTILE)('that %s', async (_name, reason, answer) => {
    await using server = await rawServer(answer);
    const result = await get(server.url);
    expect(result).toMatchObject({ reason, body: undefined, totalMicros: ABSENT_MICROS });
    expect(result.bodyDigest).toEqual(new Uint8Array(32));
  });

  it('that resets while the connection is being made', async () => {
    await using server = await serve(createServer((socket) => socket.resetAndDestroy()));
    expect((await get(server.url)).reason).toBe(REASON.connectionReset);
  });

  const SILENT: [name: string, text: string][] = [
    ['never answers', ''],
    ['drips its header', `${OK}X-Slow: lor`],
    ['never ends its header', `${OK}A: b\r\n`],
    ['drips its body', `${OK}Content-Length: 9\r\n\r\nsh`],
    ['never sends the last chunk', `${OK}Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n`],
    ['never ends a body without a length', `${OK}\r\nforever`],
  ];

  it.each(SILENT)('that %s costs exactly the time-out', async (_name, text) => {
    const clock = manualClock();
    const { promise: asked, resolve } = Promise.withResolvers<void>();
    await using server = await rawServer((socket) => {
      if (text !== '') socket.write(text);
      resolve();
    });
    const probe = get(server.url, { timeoutMillis: 500 }, toolsFor(clock));
    await asked;
    await clock.advance(499);
    await clock.advance(1);
    expect(await probe).toMatchObject({ reason: REASON.timeout, totalMicros: 500_000, stallMicros: 0 });
  });

  it('that drips one header byte after another gets no more time', async () => {
    const clock = manualClock();
    const { promise: asked, resolve } = Promise.withResolvers<Socket>();
    await using server = await rawServer(resolve);
    const probe = get(server.url, { timeoutMillis: 100 }, toolsFor(clock));
    const socket = await asked;
    for (const byte of `${OK}X-Slow:`) {
      socket.write(byte);
      await clock.advance(5);
    }
    expect(await probe).toMatchObject({ reason: REASON.timeout, totalMicros: 100_000 });
  });
});

describe('a stall of the own event loop', () => {
  /** A server that holds its answer back until the test lets it go. */
  async function heldServer() {
    const { promise: asked, resolve } = Promise.withResolvers<() => void>();
    const server = await rawServer((socket) => resolve(() => socket.end(`${OK}Content-Length: 0\r\n\r\n`)));
    return { server, asked };
  }

  it('extends the time-out by as much, and the sample carries it', async () => {
    const clock = manualClock();
    const held = await heldServer();
    await using server = held.server;
    const probe = get(server.url, { timeoutMillis: 100 }, toolsFor(clock));
    const release = await held.asked;
    clock.jump(95);
    await clock.advance(10);
    release();
    expect(await probe).toMatchObject({ reason: REASON.ok, totalMicros: 105_000, stallMicros: 94_000 });
  });

  it('does not extend it forever: without an answer it is a time-out', async () => {
    const clock = manualClock();
    const held = await heldServer();
    await using server = held.server;
    const probe = get(server.url, { timeoutMillis: 100 }, toolsFor(clock));
    await held.asked;
    clock.jump(60);
    await clock.advance(99);
    expect(await probe).toMatchObject({ reason: REASON.timeout, totalMicros: 100_000, stallMicros: 59_000 });
  });

  it('longer than the time-out accuses nobody', async () => {
    const clock = manualClock();
    const held = await heldServer();
    await using server = held.server;
    const probe = get(server.url, { timeoutMillis: 100 }, toolsFor(clock));
    await held.asked;
    clock.jump(500);
    await clock.advance(0);
    expect((await probe).reason).toBe(REASON.stalled);
  });
});

describe('a probe that is cut off', () => {
  it('ends at once and says so', async () => {
    const { promise: asked, resolve } = Promise.withResolvers<void>();
    await using server = await rawServer(() => resolve());
    const abort = new AbortController();
    const probe = get(server.url, { signal: abort.signal });
    await asked;
    abort.abort();
    expect(await probe).toMatchObject({ reason: REASON.cutOff, totalMicros: ABSENT_MICROS });
  });

  it('before the connection began sends nothing', async () => {
    await using server = await rawServer(() => expect.unreachable());
    expect((await get(server.url, { signal: AbortSignal.abort() })).reason).toBe(REASON.cutOff);
  });
});

describe('a probe over TLS', () => {
  const resolvers = {
    first: { resolve: async () => ({ kind: 'addresses' as const, addresses: ['127.0.0.1'] }) },
    second: undefined,
  };
  const { key, cert } = selfSigned('service.example');
  const tlsServer = (pair = { key, cert }) =>
    serve(
      createTlsServer(pair, (socket) => {
        socket.on('error', () => undefined);
        socket.once('data', () => socket.end(`${OK}Content-Length: 2\r\n\r\nok`));
      }),
    );
  const probe = (host: string, port: number, authorities?: string[]) =>
    get(`https://${host}:${port}/`, authorities === undefined ? {} : { authorities }, { ...toolsFor(), resolvers });

  it('measures the handshake as a phase of its own', async () => {
    await using server = await tlsServer();
    const result = await probe('service.example', server.port, [cert]);
    const { connectMicros, tlsMicros, firstByteMicros, transferMicros, totalMicros } = result;
    expect(result).toMatchObject({ reason: REASON.ok, statusCode: 200 });
    expect(tlsMicros).toBeGreaterThan(0);
    expect(totalMicros).toBe(connectMicros + tlsMicros + firstByteMicros + transferMicros);
  });

  it('refuses a certificate that nobody vouches for', async () => {
    await using server = await tlsServer();
    expect((await probe('service.example', server.port)).reason).toBe(REASON.certificateInvalid);
  });

  it('refuses a certificate for another name', async () => {
    await using server = await tlsServer();
    expect((await probe('other.example', server.port, [cert])).reason).toBe(REASON.certificateInvalid);
  });

  it('refuses an expired certificate', async () => {
    const old = selfSigned('service.example', true);
    await using server = await tlsServer(old);
    expect((await probe('service.example', server.port, [old.cert])).reason).toBe(REASON.certificateInvalid);
  });

  it('finds a server that speaks no TLS', async () => {
    await using server = await serve(createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')));
    const result = await probe('service.example', server.port);
    expect(result).toMatchObject({ reason: REASON.tlsFailed, tlsMicros: ABSENT_MICROS });
  });

  it('times out in a handshake that never goes on', async () => {
    const clock = manualClock();
    const { promise: hello, resolve } = Promise.withResolvers<void>();
    await using server = await serve(createServer((socket) => socket.once('data', () => resolve())));
    const tools = { ...toolsFor(clock), resolvers };
    const request = { url: `https://service.example:${server.port}/`, method: 'GET', timeoutMillis: 300 };
    const running = probeHttp(tools, { ...request, wantBody: false, wantDigest: false });
    await hello;
    await clock.advance(300);
    expect(await running).toMatchObject({ reason: REASON.timeout, totalMicros: 300_000, tlsMicros: ABSENT_MICROS });
  });
});
