import { createServer, type RequestListener } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { httpProbe } from '../../../node/probe/engine.ts';
import { AGAIN_MILLIS_MAX } from '../../../node/probe/http.ts';
import { encodeKeepAlive, isKeptAlive, KEEP_MILLIS } from '../../../node/probe/keep.ts';
import type { ServiceTarget } from '../../../node/probe/target.ts';
import { REASON } from '../../../protocol/reason.ts';
import { ABSENT_MICROS } from '../../../protocol/sample.ts';
import { selfSigned } from './certificate.ts';
import { manualClock } from './manual-clock.ts';
import { rawServer, serve, toolsFor } from './raw-server.ts';
import { targetAt } from './target-fixture.ts';

const named = {
  first: { resolve: async () => ({ kind: 'addresses' as const, addresses: ['127.0.0.1'] }) },
  second: undefined,
};

/** A server that counts its connections, and one watcher whose probes of it share one where they may. */
async function world(answer: RequestListener, secure = false) {
  const pair = selfSigned('service.example');
  const server = secure ? createHttpsServer(pair, answer) : createServer(answer);
  let connections = 0;
  const sockets: Socket[] = [];
  server.on('connection', (socket: Socket) => {
    connections += 1;
    sockets.push(socket);
  });
  const web = await serve(server);
  const clock = manualClock();
  const tools = { ...toolsFor(clock), resolvers: named };
  const url = `${secure ? 'https' : 'http'}://service.example:${web.port}/`;
  const probe = (more: Partial<ServiceTarget> = {}) => {
    const target = targetAt(url, {
      timeoutMillis: 20_000,
      extra: encodeKeepAlive(),
      authorities: [pair.cert],
      ...more,
    });
    return httpProbe(tools, target, new AbortController().signal);
  };
  return {
    probe,
    clock,
    sockets,
    connections: () => connections,
    [Symbol.asyncDispose]: () => web[Symbol.asyncDispose](),
  };
}

const hello: RequestListener = (_request, response) => void response.end('hello');

describe('probes that share a connection', () => {
  it.each([false, true])(
    'connect once, and the later ones have no phases before the first byte (TLS: %s)',
    async (secure) => {
      await using it = await world(hello, secure);
      const warnings: Error[] = [];
      const onWarning = (warning: Error) => warnings.push(warning);
      process.on('warning', onWarning);
      const first = await it.probe();
      expect(first).toMatchObject({ reason: REASON.ok, statusCode: 200 });
      expect(first.connectMicros).not.toBe(ABSENT_MICROS);
      for (let i = 0; i < 20; i++) {
        const later = await it.probe();
        expect(later).toMatchObject({ reason: REASON.ok, statusCode: 200, address: first.address });
        expect([later.resolveMicros, later.connectMicros, later.tlsMicros]).toEqual(new Array(3).fill(ABSENT_MICROS));
        expect(later.totalMicros).toBe(later.firstByteMicros + later.transferMicros);
      }
      expect(it.connections()).toBe(1);
      await nextTurn();
      process.off('warning', onWarning);
      // Listeners that stay behind would be one.
      expect(warnings).toEqual([]);
    },
  );

  it('are of one service, one watcher and one at a time', async () => {
    await using it = await world(hello);
    await Promise.all([it.probe(), it.probe()]);
    expect(it.connections()).toBe(2);
    await it.probe();
    expect(it.connections()).toBe(2);
    await it.probe({ serviceId: `0x${'cd'.repeat(32)}` });
    expect(it.connections()).toBe(3);
  });

  it('are not the rule', async () => {
    await using it = await world(hello);
    for (const extra of [new Uint8Array(0), new Uint8Array(32), new Uint8Array(64)]) {
      expect(isKeptAlive(extra)).toBe(false);
      await it.probe({ extra });
    }
    expect(it.connections()).toBe(3);
  });

  it('connect again when the server closed the connection while it stood idle', async () => {
    await using it = await world(hello);
    await it.probe();
    it.sockets[0]!.destroy();
    expect(await it.probe()).toMatchObject({ reason: REASON.ok });
    expect(it.connections()).toBe(2);
  });

  it('connect again when it is closed upon the question, but not when upon half an answer', async () => {
    let asked = 0;
    await using server = await rawServer((socket) => {
      asked += 1;
      const whole = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
      socket.write(whole);
      socket.on('data', () => (asked < 3 ? socket.destroy() : socket.end(whole.slice(0, 20))));
    });
    const tools = toolsFor();
    const target = targetAt(server.url, { timeoutMillis: 20_000, extra: encodeKeepAlive() });
    const probe = () => httpProbe(tools, target, new AbortController().signal).then(({ reason }) => reason);
    expect([await probe(), await probe()]).toEqual([REASON.ok, REASON.ok]);
    expect(asked).toBe(2);
    asked = 3;
    expect(await probe()).toBe(REASON.closedEarly);
    expect(asked).toBe(3);
  });

  it.each([
    ['that says it closes', 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n'],
    [
      'with bytes behind its end',
      'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
    ],
    ['that is malformed', 'HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n'],
  ])('connect again after an answer %s', async (_name, answer) => {
    let asked = 0;
    await using server = await rawServer((socket) => {
      asked += 1;
      socket.write(answer);
    });
    const tools = toolsFor();
    const target = targetAt(server.url, { timeoutMillis: 20_000, extra: encodeKeepAlive() });
    for (let i = 0; i < 2; i++) await httpProbe(tools, target, new AbortController().signal);
    expect(asked).toBe(2);
  });

  it('connect again in time, for the name may lead elsewhere', async () => {
    await using it = await world(hello);
    await it.probe();
    await it.clock.advance(KEEP_MILLIS);
    await it.probe();
    expect(it.connections()).toBe(2);
  });

  it('connect again in time, however often they were used meanwhile', async () => {
    await using it = await world(hello);
    const [minutes, millis] = [KEEP_MILLIS / 60_000, 60_000];
    for (let i = 0; i <= minutes; i++) {
      await it.probe();
      await it.clock.advance(millis);
    }
    expect(it.connections()).toBe(2);
  });

  /** A server that answers at once, and to a second question on the same connection hangs so long and closes. */
  async function hanging(millis: number) {
    const seen = { asked: 0 };
    const clock = manualClock();
    const server = await rawServer((socket) => {
      seen.asked += 1;
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
      socket.on('data', () => {
        if (seen.asked > 1) return;
        clock.jump(millis);
        socket.destroy();
      });
    });
    const tools = toolsFor(clock);
    const target = targetAt(server.url, { timeoutMillis: 20_000, extra: encodeKeepAlive() });
    const probe = () => httpProbe(tools, target, new AbortController().signal);
    return { seen, probe, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
  }

  it('are not asked again when the server thought before it closed: that was an answer', async () => {
    await using it = await hanging(AGAIN_MILLIS_MAX + 1);
    const [first, second] = [await it.probe(), await it.probe()];
    expect([first.reason, second.reason]).toEqual([REASON.ok, REASON.closedEarly]);
    expect(it.seen.asked).toBe(1);
  });

  it('count the time of both questions when they ask twice', async () => {
    await using it = await hanging(AGAIN_MILLIS_MAX / 2);
    await it.probe();
    const second = await it.probe();
    expect([second.reason, it.seen.asked]).toEqual([REASON.ok, 2]);
    expect(second.totalMicros).toBe(AGAIN_MILLIS_MAX * 500);
  });
});
