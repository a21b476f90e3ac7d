/** Probes servers of another thread, and writes how many bytes a probe leaves among V8's old objects: rounds over TCP and over TLS. */
import { getHeapSpaceStatistics } from 'node:v8';
import { Worker } from 'node:worker_threads';
import { createEgressPolicy } from '../../../node/probe/egress.ts';
import { probeHttp } from '../../../node/probe/http.ts';
import type { ProbeTools } from '../../../node/probe/line.ts';
import { dnsResolver } from '../../../node/probe/resolve.ts';
import { createStallMeter } from '../../../node/probe/stall.ts';
import { systemClock } from '../../../platform/clock.ts';
import { selfSigned } from './certificate.ts';

const SERVERS = `
const net = require('node:net');
const tls = require('node:tls');
const { parentPort, workerData } = require('node:worker_threads');
const serve = (socket) => {
  socket.on('error', () => socket.destroy());
  socket.once('data', () => socket.end('HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok'));
};
for (const [scheme, server] of [['http', net.createServer(serve)], ['https', tls.createServer(workerData, serve)]]) {
  server.listen(0, '127.0.0.1', () => parentPort.postMessage(scheme + '://localhost:' + server.address().port + '/'));
}`;
/** The first ones load and compile code, which stays. */
const WARM_UP = 1_000;
const ROUNDS = 3;
const PROBES = 500;
/** So few that they are over before the next young collection, which else would rightly keep them. */
const AT_ONCE = 4;

const identity = selfSigned('localhost');
const servers = new Worker(SERVERS, { eval: true, workerData: identity });
const next = () => new Promise<string>((resolve) => servers.once('message', resolve));
const urls = [await next(), await next()].toSorted();
const clock = systemClock();
const tools: ProbeTools = {
  clock,
  egress: createEgressPolicy({ allowLoopback: true }),
  resolvers: { first: dnsResolver(), second: undefined },
  stall: createStallMeter(clock),
};
const { signal } = new AbortController();
const settings = { method: 'GET', timeoutMillis: 5_000, wantDigest: false, wantBody: false, signal };

async function probeOnce(url: string): Promise<void> {
  const { detail } = await probeHttp(tools, { url, ...settings, authorities: [identity.cert] });
  if (detail !== '') throw new Error(detail);
}

async function probes(url: string, count: number): Promise<void> {
  let left = count;
  const asker = async () => {
    while (left-- > 0) await probeOnce(url);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, asker));
}

const oldBytes = () => getHeapSpaceStatistics().find(({ space_name }) => space_name === 'old_space')!.space_used_size;

const rounds: number[][] = [];
for (const url of urls) {
  await probes(url, WARM_UP);
  const bytes: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const running = probes(url, PROBES);
    // Under way: a full collection makes all that lives old, and what comes later must not live on by it.
    await probeOnce(url);
    globalThis.gc!();
    const before = oldBytes();
    await running;
    bytes.push(Math.round((oldBytes() - before) / PROBES));
  }
  rounds.push(bytes);
}
console.log(JSON.stringify(rounds));
await servers.terminate();
