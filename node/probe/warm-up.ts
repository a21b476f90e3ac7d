import { type AddressInfo, createServer } from 'node:net';
import type { Clock } from '../../platform/clock.ts';
import { createEgressPolicy } from './egress.ts';
import { probeHttp } from './http.ts';
import { dnsResolver } from './resolve.ts';
import { createStallMeter } from './stall.ts';

/** The first three load the code; over the others it is compiled, which else goes on for minutes at 50 probes a second, and into their stamps. */
export const WARM_UP_PROBES = 1_000;
/** A busy machine starts with what it has got by then. */
export const WARM_UP_MILLIS_MAX = 1_000;

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
    const endMicros = clock.monotonicMicros() + WARM_UP_MILLIS_MAX * 1_000;
    for (let i = 0; i < WARM_UP_PROBES && clock.monotonicMicros() < endMicros; i++) await probeHttp(tools, request);
  } catch {
    // A machine that cannot listen locally can still probe.
  } finally {
    server.close();
  }
}
