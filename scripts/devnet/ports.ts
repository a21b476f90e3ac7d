import { randomInt } from 'node:crypto';
import { createServer, type Server } from 'node:net';
import { PlumblineError } from '../../protocol/error.ts';

/**
 * Below Linux's ephemeral range (32768 on): the devnet's own probes take ports from there by the hundred, and a watcher
 * that was killed must get its port back.
 */
const PORT_MIN = 20_000;
const PORT_MAX = 32_000;
/** Tries before giving up: with most of the range free, a few suffice. */
const TRIES_MAX = 1_000;

/** Free loopback ports, held until `release`, so that two devnets that start at once do not choose the same. */
export async function reservePorts(count: number): Promise<{ ports: number[]; release(): Promise<void> }> {
  const held: { port: number; server: Server }[] = [];
  for (let tries = 0; held.length < count; tries++) {
    if (tries >= TRIES_MAX) throw new PlumblineError('no-port', `no ${count} free ports in ${PORT_MIN}..${PORT_MAX}`);
    const port = randomInt(PORT_MIN, PORT_MAX);
    const server = await hold(port);
    if (server) held.push({ port, server });
  }
  return {
    ports: held.map(({ port }) => port),
    release: async () => {
      await Promise.all(held.map(({ server }) => new Promise((resolve) => server.close(resolve))));
    },
  };
}

function hold(port: number): Promise<Server | undefined> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(undefined));
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}
