import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { createBls } from '../../platform/bls/create.ts';
import { recordName } from '../../protocol/record.ts';
import { httpArchive } from '../../sdk/http-archive.ts';
import { createWorld } from '../support/world.ts';

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

test('reads the record of an epoch, and has none where the server has none', async () => {
  const world = createWorld({ bls: await createBls(() => undefined), epochs: 1 });
  const asked: (string | undefined)[] = [];
  const url = await served(({ url: path }, response) => {
    asked.push(path);
    if (path === `/a/${recordName(0)}`) response.end(world.records.get(0));
    else response.writeHead(404).end('no such file');
  });
  for (const base of [`${url}/a`, `${url}/a/`]) {
    expect((await httpArchive(base).leaves({ epoch: 0, batches: 4 }))!.length).toBeGreaterThan(0);
    expect(await httpArchive(base).leaves({ epoch: 1, batches: 4 })).toBeUndefined();
  }
  expect(asked).toEqual([recordName(0), recordName(1), recordName(0), recordName(1)].map((name) => `/a/${name}`));
});
