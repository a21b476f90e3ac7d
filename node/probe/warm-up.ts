import { type AddressInfo, createServer } from 'node:net';
import type { Clock } from '../../platform/clock.ts';
import { createEgressPolicy } from './egress.ts';
import { probeHttp } from './http.ts';
import { dnsResolver } from './resolve.ts';
import { createStallMeter } from './stall.ts';

/** Enough for the code paths to be loaded and compiled; more changes nothing that can be measured. */
export const WARM_UP_PROBES = 3;

const ANSWER = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

/**
 * Probes a throw-away server of this very process, so that the first real probe does not pay for loading code (some
 * 15 ms, which would count as the provider's latency). Nothing leaves the machine; failures do not matter.
 */
export async function warmUp(clock: Clock): Promise<void> {
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.once('data', () => socket.end(ANSWER));
  });
  const { promise: listening, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject).listen(0, '127.0.0.1', resolve);
  try {
    await listening;
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const egress = createEgressPolicy({ allowLoopback: true });
    const resolvers = { first: dnsResolver(), second: undefined };
    const tools = { clock, egress, resolvers, stall: createStallMeter(clock) };
    const request = { url, method: 'GET', timeoutMillis: 1_000, wantDigest: true, wantBody: false };
    for (let i = 0; i < WARM_UP_PROBES; i++) await probeHttp(tools, request);
  } catch {
    // A machine that cannot listen locally can still probe.
  } finally {
    server.close();
  }
}
