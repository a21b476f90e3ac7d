import { type AddressInfo, createServer } from 'node:net';

/** As many as an operator is advised to name: one of them may fail. */
const COUNT = 3;

/** Hosts that have nothing to do with any service and accept connections; for watchers that need controls. */
export async function controlHosts(
  cleanup: (() => Promise<void>)[],
): Promise<{ addresses: string[]; close: () => Promise<void> }> {
  const servers = Array.from({ length: COUNT }, () => createServer((socket) => socket.on('error', () => {}).end()));
  const close = async () => {
    await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  };
  cleanup.push(close);
  const addresses = await Promise.all(
    servers.map(async (server) => {
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      return `127.0.0.1:${(server.address() as AddressInfo).port}`;
    }),
  );
  return { addresses, close };
}
