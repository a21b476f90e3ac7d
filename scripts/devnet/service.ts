/**
 * A service for the devnet to measure: a real HTTP server on 127.0.0.1 that is as slow and as unreliable as it is told.
 *
 *   node scripts/devnet/service.ts --name slow --delay 400 --fail 0.3 --jitter 5 --seed 1 --port 0
 *
 * `GET /` answers after the delay plus a jitter of 0..`jitter` ms, the share `fail` of requests with 500; both drawn
 * from the seed. `GET /.well-known/plumbline` answers the consent text (environment CONSENT_TEXT or a message), 404
 * without one. `GET /count` answers what was counted. Over IPC it sends `{type:'listening', port}` and obeys
 * `{type:'consent', text}` and `{type:'behave', delayMillis, failShare}`; it ends when its parent goes away.
 */
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseArgs } from 'node:util';
import { CONSENT_PATH } from '../../node/probe/consent.ts';
import { errorMessage, PlumblineError } from '../../protocol/error.ts';

export type Behaviour = { delayMillis: number; failShare: number };
export type ServiceMessage = { type: 'consent'; text: string } | ({ type: 'behave' } & Behaviour);
export type ServiceReport = { type: 'listening'; port: number };
export type ServiceOptions = Behaviour & { name: string; jitterMillis: number; seed: number; consentText: string };

/** Longer than any time-out a devnet would configure, short enough to end a forgotten process's answers. */
export const DELAY_MILLIS_MAX = 60_000;

export interface DevnetService {
  server: Server;
  handle(message: unknown): void;
}

/** The server, not yet listening. Requests to `/` are counted when they arrive, failures when they are drawn. */
export function createService(options: ServiceOptions): DevnetService {
  const random = randomOf(options.seed);
  let { delayMillis, failShare } = checkBehaviour(options);
  let consentText = options.consentText;
  const count = { requests: 0, failures: 0 };

  const answer = (response: ServerResponse, status: number, body: string) => {
    response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(body);
  };
  const server = createServer((request, response) => {
    const path = (request.url ?? '/').split('?')[0];
    if (path === CONSENT_PATH) return answer(response, consentText === '' ? 404 : 200, consentText);
    if (path === '/count') return answer(response, 200, JSON.stringify({ name: options.name, ...count }));
    if (path !== '/') return answer(response, 404, 'not found\n');
    // Two draws per request, always: changing the behaviour must not shift the sequence.
    const fails = random() < failShare;
    const jitterMillis = random() * options.jitterMillis;
    count.requests += 1;
    if (fails) count.failures += 1;
    const status = fails ? 500 : 200;
    const timer = setTimeout(() => answer(response, status, `${options.name}\n`), delayMillis + jitterMillis);
    response.on('close', () => clearTimeout(timer));
  });

  const handle = (message: unknown) => {
    const command = message as ServiceMessage;
    if (command.type === 'consent') consentText = command.text;
    if (command.type === 'behave') ({ delayMillis, failShare } = checkBehaviour(command));
  };
  return { server, handle };
}

function checkBehaviour({ delayMillis, failShare }: Behaviour): Behaviour {
  const delayGood = delayMillis >= 0 && delayMillis <= DELAY_MILLIS_MAX;
  if (delayGood && failShare >= 0 && failShare <= 1) return { delayMillis, failShare };
  const message = `The delay must be 0..${DELAY_MILLIS_MAX} ms and the failing share 0..1; check --delay and --fail.`;
  throw new PlumblineError('devnet-service', message, { delayMillis, failShare });
}

/** mulberry32: small, fast, the same everywhere; a devnet needs repeatable, not unpredictable. */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function main(): void {
  const { values } = parseArgs({
    options: {
      name: { type: 'string', default: 'service' },
      delay: { type: 'string', default: '0' },
      fail: { type: 'string', default: '0' },
      jitter: { type: 'string', default: '5' },
      seed: { type: 'string', default: '1' },
      port: { type: 'string', default: '0' },
    },
  });
  const service = createService({
    name: values.name,
    delayMillis: Number(values.delay),
    failShare: Number(values.fail),
    jitterMillis: Number(values.jitter),
    seed: Number(values.seed),
    consentText: process.env.CONSENT_TEXT ?? '',
  });
  process.on('message', service.handle);
  process.on('disconnect', () => process.exit(0));
  service.server.on('error', (error) => {
    console.error(`The service cannot listen on port ${values.port}: ${errorMessage(error)}`);
    process.exit(1);
  });
  service.server.listen(Number(values.port), '127.0.0.1', () => {
    const { port } = service.server.address() as AddressInfo;
    const report: ServiceReport = { type: 'listening', port };
    if (process.send) process.send(report);
    else console.log(`${values.name} listens on http://127.0.0.1:${port}/`);
  });
}

if (import.meta.main) main();
