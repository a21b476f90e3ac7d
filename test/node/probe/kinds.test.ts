import { createHash } from 'node:crypto';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type Server } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { PROBES } from '../../../node/probe/engine.ts';
import { judge } from '../../../node/probe/judge.ts';
import type { ServiceTarget } from '../../../node/probe/target.ts';
import { REASON, type Reason } from '../../../protocol/reason.ts';
import { ABSENT_MICROS, OUTCOME } from '../../../protocol/sample.ts';
import { SERVICE_KIND } from '../../../protocol/service.ts';
import { selfSigned } from './certificate.ts';
import { manualClock } from './manual-clock.ts';
import { rawServer, serve, toolsFor } from './raw-server.ts';
import { targetAt } from './target-fixture.ts';

const resolvers = {
  first: { resolve: async () => ({ kind: 'addresses' as const, addresses: ['127.0.0.1'] }) },
  second: undefined,
};

/** A real probe of a real server, with its judgement. The time-out is far beyond what any test takes. */
async function probe(kind: number, url: string, more: Partial<ServiceTarget> = {}, tools = toolsFor()) {
  const target = targetAt(url, { kind, timeoutMillis: 20_000, expectedStatus: 0, ...more });
  const result = await PROBES[kind]!({ ...tools, resolvers }, target, new AbortController().signal);
  return { ...result, judged: judge(result, target) };
}

const good = { outcome: OUTCOME.good, reason: REASON.ok };
const bad = (reason: Reason) => ({ outcome: OUTCOME.bad, reason });

describe('a tcp probe', () => {
  const tcp = (port: number, more = {}) => probe(SERVICE_KIND.tcp, `tcp://service.example:${port}`, more);

  it('is good when the connection stands, and sends nothing', async () => {
    let received = 0;
    const { promise: gone, resolve } = Promise.withResolvers<void>();
    await using server = await serve(
      createServer((socket) => socket.on('data', (bytes) => (received += bytes.length)).on('close', () => resolve())),
    );
    const result = await tcp(server.port);
    expect(result.judged).toEqual(good);
    expect(result.totalMicros).toBe(result.connectMicros);
    expect(result).toMatchObject({ tlsMicros: ABSENT_MICROS, firstByteMicros: ABSENT_MICROS, statusCode: 0 });
    await gone;
    expect(received).toBe(0);
  });

  it('is bad when nobody listens', async () => {
    const server = await rawServer(() => undefined);
    await server[Symbol.asyncDispose]();
    expect((await tcp(server.port)).judged).toEqual(bad(REASON.connectionRefused));
  });
});

describe('a tls probe', () => {
  it('offers no Diffie-Hellman over a prime of the server’s choice', async () => {
    const pair = selfSigned('service.example');
    const ciphers = { ciphers: 'DHE-RSA-AES128-GCM-SHA256', dhparam: 'auto', maxVersion: 'TLSv1.2' } as const;
    await using server = await serve(
      createTlsServer({ ...pair, ...ciphers }, (socket) => socket.on('error', () => {})),
    );
    for (const authorities of [[pair.cert], undefined]) {
      const result = await probe(
        SERVICE_KIND.tls,
        `tls://service.example:${server.port}`,
        authorities && { authorities },
      );
      expect(result.judged).toEqual(bad(REASON.tlsFailed));
    }
  });

  const { key, cert } = selfSigned('service.example');
  const serveTls = (pair = { key, cert }) => serve(createTlsServer(pair, (socket) => socket.on('error', () => {})));
  const tls = (port: number, more: Partial<ServiceTarget> = {}, tools = toolsFor()) =>
    probe(SERVICE_KIND.tls, `tls://service.example:${port}`, { authorities: [cert], ...more }, tools);

  it('is good after the handshake, and says for how many whole days the certificate is valid', async () => {
    await using server = await serveTls();
    const result = await tls(server.port);
    expect(result.judged).toEqual(good);
    expect(result.totalMicros).toBe(result.connectMicros + result.tlsMicros);
    // The certificate is valid for a day less the time since it was made.
    expect(result.statusCode).toBe(0);
    const earlier = toolsFor();
    const clock = { ...earlier.clock, now: () => Date.now() - 10 * 86_400_000 };
    expect((await tls(server.port, {}, { ...earlier, clock })).statusCode).toBe(10);
  });

  it('is bad when the certificate is valid for fewer days than asked for', async () => {
    await using server = await serveTls();
    expect((await tls(server.port, { expectedStatus: 1 })).judged).toEqual(bad(REASON.certificateExpiring));
  });

  it('is bad with a certificate that is expired, of another name, or of nobody known', async () => {
    const old = selfSigned('service.example', true);
    await using expired = await serveTls(old);
    expect((await tls(expired.port, { authorities: [old.cert] })).judged).toEqual(bad(REASON.certificateInvalid));
    const other = selfSigned('other.example');
    await using wrong = await serveTls(other);
    expect((await tls(wrong.port, { authorities: [other.cert] })).judged).toEqual(bad(REASON.certificateInvalid));
    await using unknown = await serveTls(other);
    expect((await tls(unknown.port)).judged).toEqual(bad(REASON.certificateInvalid));
  });

  it('is bad where no TLS is spoken', async () => {
    await using server = await serve(createServer((socket) => socket.end('220 mail.example ESMTP\r\n')));
    expect((await tls(server.port)).judged).toEqual(bad(REASON.tlsFailed));
  });
});

describe('a websocket probe', () => {
  const ws = (port: number, more: Partial<ServiceTarget> = {}, tools = toolsFor()) =>
    probe(SERVICE_KIND.websocket, `ws://service.example:${port}/feed?x=1`, more, tools);
  const accepting = (acceptOf: (key: string) => string, seen: string[] = []): Server =>
    createHttpServer().on('upgrade', (request, socket) => {
      const key = request.headers['sec-websocket-key'] ?? '';
      seen.push(`${request.url} ${key}`);
      const accept = acceptOf(key);
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
      );
    });
  const rfc6455 = (key: string) =>
    createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');

  it('is good after the handshake', async () => {
    const seen: string[] = [];
    await using server = await serve(accepting(rfc6455, seen));
    const result = await ws(server.port);
    expect(result.judged).toEqual(good);
    expect(result.statusCode).toBe(101);
    expect(result.totalMicros).toBe(result.connectMicros + result.firstByteMicros + result.transferMicros);
    await ws(server.port);
    const keys = seen.map((line) => line.split(' ')[1]!);
    expect(seen[0]).toMatch(/^\/feed\?x=1 /);
    expect(keys.map((key) => Buffer.from(key, 'base64').length)).toEqual([16, 16]);
    expect(new Set(keys).size).toBe(2);
  });

  it('is bad with the accept value of another request', async () => {
    await using server = await serve(accepting(() => rfc6455('dGhlIHNhbXBsZSBub25jZQ==')));
    expect((await ws(server.port)).judged).toEqual(bad(REASON.malformedAnswer));
  });

  it('is bad when the server answers as to any other request, however long the answer is', async () => {
    const server = createHttpServer((_request, response) => response.writeHead(200).end('x'.repeat(1 << 20)));
    await using plain = await serve(server);
    const result = await ws(plain.port);
    expect(result.judged).toEqual(bad(REASON.wrongStatus));
    expect(result.statusCode).toBe(200);
  });

  it('times out when the handshake is never answered', async () => {
    const clock = manualClock();
    const { promise: asked, resolve } = Promise.withResolvers<void>();
    await using server = await rawServer(() => resolve());
    const running = ws(server.port, { timeoutMillis: 1_000 }, toolsFor(clock));
    await asked;
    await clock.advance(1_000);
    expect((await running).judged).toEqual(bad(REASON.timeout));
  });
});

describe('every kind', () => {
  const URLS = { http: 'http', websocket: 'ws', tcp: 'tcp', tls: 'tls', dns: 'dns' } as const;
  it.each(Object.entries(URLS))(
    '%s sends nothing to a forbidden address or to a URL of another kind',
    async (name, scheme) => {
      const kind = SERVICE_KIND[name as keyof typeof URLS];
      const run = (url: string) =>
        PROBES[kind]!(toolsFor(), targetAt(url, { kind }), new AbortController().signal).then(({ reason }) => reason);
      expect(await run(`${scheme}://10.0.0.1:8080`)).toBe(REASON.egressRefused);
      expect(await run(`${scheme}://0x0a000001:8080`)).toBe(REASON.egressRefused);
      for (const other of Object.values(URLS)) {
        if (other !== scheme) expect(await run(`${other}://127.0.0.1:8080`)).toBe(REASON.egressRefused);
      }
    },
  );
});
