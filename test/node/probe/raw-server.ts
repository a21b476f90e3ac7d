import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createEgressPolicy } from '../../../node/probe/egress.ts';
import { type HttpRequest, probeHttp } from '../../../node/probe/http.ts';
import type { ProbeTools } from '../../../node/probe/line.ts';
import { dnsResolver } from '../../../node/probe/resolve.ts';
import type { ProbeResult } from '../../../node/probe/result.ts';
import { createStallMeter } from '../../../node/probe/stall.ts';
import { type Clock, systemClock } from '../../../platform/clock.ts';

export type RawServer = AsyncDisposable & { port: number; url: string };

/** A real TCP server on loopback, closed with its connections at the end of the test's scope. */
export async function serve(server: Server, address = '127.0.0.1'): Promise<RawServer> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, address, resolve);
  await promise;
  const { port } = server.address() as AddressInfo;
  const close = async () => {
    const { promise: closed, resolve: done } = Promise.withResolvers<void>();
    server.close(() => done());
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  const host = address.includes(':') ? `[${address}]` : address;
  return { port, url: `http://${host}:${port}/`, [Symbol.asyncDispose]: close };
}

/** A server that hands each connection to `onRequest` once the request's header has arrived whole. */
export function rawServer(onRequest: (socket: Socket, request: string) => void): Promise<RawServer> {
  const onConnection = (socket: Socket) => {
    let text = '';
    const onData = (bytes: Buffer) => {
      text += bytes.toString('latin1');
      if (!text.includes('\r\n\r\n')) return;
      socket.off('data', onData);
      onRequest(socket, text);
    };
    socket.on('data', onData);
  };
  return serve(createServer(onConnection));
}

export function toolsFor(clock: Clock = systemClock()): ProbeTools {
  const egress = createEgressPolicy({ allowLoopback: true });
  const resolvers = { first: dnsResolver(), second: undefined };
  return { clock, egress, resolvers, stall: createStallMeter(clock) };
}

/** A GET with everything kept; the time-out is far beyond what any test takes. */
export function get(url: string, more: Partial<HttpRequest> = {}, tools = toolsFor()): Promise<ProbeResult> {
  return probeHttp(tools, { url, method: 'GET', timeoutMillis: 20_000, wantDigest: true, wantBody: true, ...more });
}
