import { createServer } from 'node:http';
import { expect, test } from 'vitest';
import { fetchBounded } from '../../sdk/fetch-bounded.ts';
import { serve } from '../node/probe/raw-server.ts';

test('gives the bytes of a file as long as the bound', async () => {
  await using server = await serve(createServer((_request, response) => response.end(new Uint8Array(1_000).fill(7))));
  const { url } = server;
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
  const endless = createServer((_request, response) => {
    response.once('close', closed);
    const more = (): void => {
      while (!response.destroyed) if (!response.write(new Uint8Array(65_536))) return void response.once('drain', more);
    };
    more();
  });
  await using server = await serve(endless);
  await expect(fetchBounded(server.url, 200_000)).rejects.toMatchObject({ code: 'archive' });
  await isClosed;
});

test('an answer that is neither a file nor 404, and no answer, are errors', async () => {
  await using broken = await serve(createServer((_request, response) => response.writeHead(500).end()));
  await expect(fetchBounded(broken.url, 100)).rejects.toMatchObject({
    code: 'archive',
    message: expect.stringContaining('answers 500'),
  });
  const half = createServer((_request, response) => {
    response.writeHead(200, { 'content-length': '100' });
    response.write('half', () => response.destroy());
  });
  await using cut = await serve(half);
  for (const url of [cut.url, 'http://127.0.0.1:1']) {
    await expect(fetchBounded(url, 100)).rejects.toMatchObject({ code: 'archive' });
  }
});
