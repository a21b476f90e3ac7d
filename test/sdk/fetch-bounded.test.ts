import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { fetchBounded } from '../../sdk/fetch-bounded.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function served(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('gives the bytes of a file as long as the bound', async () => {
  const url = await served((_request, response) => response.end(new Uint8Array(1_000).fill(7)));
  expect(await fetchBounded(url, 1_000)).toEqual(new Uint8Array(1_000).fill(7));
  await expect(fetchBounded(url, 999)).rejects.toMatchObject({
    code: 'archive',
    message: `${url}: more than 999 bytes`,
  });
});

test('stops an answer that has no end', async () => {
  let closed = (): void => {};
  const isClosed = new Promise<void>((resolve) => {
    closed = resolve;
  });
  const url = await served((_request, response) => {
    response.once('close', closed);
    const more = (): void => {
      while (!response.destroyed) if (!response.write(new Uint8Array(65_536))) return void response.once('drain', more);
    };
    more();
  });
  await expect(fetchBounded(url, 200_000)).rejects.toMatchObject({ code: 'archive' });
  await isClosed;
});

test('an answer that is neither a file nor 404, and no answer, are errors', async () => {
  const broken = await served((_request, response) => response.writeHead(500).end());
  await expect(fetchBounded(broken, 100)).rejects.toMatchObject({
    code: 'archive',
    message: expect.stringContaining('answers 500'),
  });
  const cut = await served((_request, response) => {
    response.writeHead(200, { 'content-length': '100' });
    response.write('half', () => response.destroy());
  });
  for (const url of [cut, 'http://127.0.0.1:1']) {
    await expect(fetchBounded(url, 100)).rejects.toMatchObject({ code: 'archive' });
  }
});
