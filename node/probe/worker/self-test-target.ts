/**
 * The known delay that the prober tests itself against: a thread that waits, and says in its answer how long it truly
 * waited. A thread of its own, because a server in the prober's loop would stand still together with it and hide the very
 * error that is looked for, and one in the main thread would wait behind signatures, and their time would look like the
 * prober's. It loads as little as it can: it is there for the whole life of the prober.
 */
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { parentPort } from 'node:worker_threads';
import { isOpenPort } from '../../../platform/egress.ts';
import { raiseThisThread } from '../../../platform/priority.ts';

/** In turn: at once, as within a city, and as across a continent. */
const DELAYS_MILLIS = [0, 5, 20];
/** A request of our own fits into one packet; whoever else comes by sends no more than this. */
const REQUEST_BYTES_MAX = 4_096;
/** Whoever connects and says nothing. */
const SILENCE_MILLIS_MAX = 1_000;
/** One of its own, so that a firewall which keeps probes away from loopback can let this one through. */
const SELF_TEST_ADDRESS = '127.80.76.98';
/** Tries to get a port that probes may go to; nearly all that the system hands out are. */
const PORT_TRIES_MAX = 16;

let turn = 0;

function serve(socket: Socket): void {
  let bytes = 0;
  socket.setNoDelay(true);
  socket.setTimeout(SILENCE_MILLIS_MAX, () => socket.destroy());
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk) => {
    const arrived = performance.now();
    bytes += chunk.length;
    if (bytes > REQUEST_BYTES_MAX) socket.destroy();
    if (bytes !== chunk.length) return;
    const answer = () => {
      const waitedMicros = String(Math.round((performance.now() - arrived) * 1_000));
      const head = `HTTP/1.1 200 OK\r\nContent-Length: ${waitedMicros.length}\r\nConnection: close\r\n\r\n`;
      socket.end(head + waitedMicros);
    };
    const delayMillis = DELAYS_MILLIS[turn++ % DELAYS_MILLIS.length]!;
    if (delayMillis === 0) answer();
    else setTimeout(answer, delayMillis);
  });
}

function listen(address: string, triesLeft: number): void {
  const server = createServer(serve);
  // Where 127.0.0.1 is all of loopback.
  server.once('error', () => listen('127.0.0.1', triesLeft - 1));
  if (triesLeft === 0) throw new Error('the self-test target found no port');
  server.listen(0, address, () => {
    const { port } = server.address() as AddressInfo;
    if (isOpenPort(port)) parentPort?.postMessage({ address, port });
    else server.close(() => listen(address, triesLeft - 1));
  });
}

raiseThisThread();
listen(SELF_TEST_ADDRESS, PORT_TRIES_MAX);
