/**
 * Carries TCP connections between loopback interfaces of different network namespaces over Unix sockets, which namespaces
 * do not separate: chain and services answer on 127.0.0.1 of every host, and a cut between hosts does not touch them.
 *
 *   node scripts/soak/relay.ts FOLDER PORT…   listens on 127.0.0.1:PORT, and goes to FOLDER/PORT.sock
 */
import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { errorMessage } from '../../protocol/error.ts';

const socketOf = (folder: string, port: number) => join(folder, `${port}.sock`);

function carry(one: Socket, other: Socket): void {
  for (const [from, to] of [
    [one, other],
    [other, one],
  ] as const) {
    from.setNoDelay(true);
    from.on('error', () => to.destroy());
    from.on('close', () => to.destroy());
    from.pipe(to);
  }
}

function listening(server: Server, where: { port: number; host: string } | { path: string }): Promise<Server> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(where, () => resolve(server));
  });
}

/** The side of the services: FOLDER/PORT.sock leads to 127.0.0.1:PORT. Resolves when all are open. */
export function openSockets(folder: string, ports: readonly number[]): Promise<Server[]> {
  return Promise.all(
    ports.map((port) => {
      const server = createServer((socket) => carry(socket, connect(port, '127.0.0.1')));
      return listening(server, { path: socketOf(folder, port) });
    }),
  );
}

/** The side of a host: 127.0.0.1:PORT leads to FOLDER/PORT.sock. */
export function openPorts(folder: string, ports: readonly number[]): Promise<Server[]> {
  return Promise.all(
    ports.map((port) => {
      const server = createServer((socket) => carry(socket, connect(socketOf(folder, port))));
      return listening(server, { port, host: '127.0.0.1' });
    }),
  );
}

if (import.meta.main) {
  const [folder, ...ports] = process.argv.slice(2);
  process.once('disconnect', () => process.exit(0));
  openPorts(folder!, ports.map(Number)).then(
    () => process.send?.({ type: 'open' }),
    (error: unknown) => process.send?.({ type: 'failed', reason: errorMessage(error) }),
  );
}
