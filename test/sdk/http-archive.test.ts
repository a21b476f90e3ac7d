import { createServer } from 'node:http';
import { expect, test } from 'vitest';
import { createBls } from '../../platform/bls/create.ts';
import { recordName } from '../../protocol/record.ts';
import { httpArchive } from '../../sdk/http-archive.ts';
import { serve } from '../node/probe/raw-server.ts';
import { createWorld } from '../support/world.ts';

test('reads the record of an epoch, and has none where the server has none', async () => {
  const world = createWorld({ bls: await createBls(() => undefined), epochs: 1 });
  const asked: (string | undefined)[] = [];
  const archive = createServer(({ url: path }, response) => {
    asked.push(path);
    if (path === `/a/${recordName(0)}`) response.end(world.records.get(0));
    else response.writeHead(404).end('no such file');
  });
  await using server = await serve(archive);
  for (const base of [`${server.url}a`, `${server.url}a/`]) {
    expect((await httpArchive(base).leaves({ epoch: 0, batches: 4 }))!.length).toBeGreaterThan(0);
    expect(await httpArchive(base).leaves({ epoch: 1, batches: 4 })).toBeUndefined();
  }
  expect(asked).toEqual([recordName(0), recordName(1), recordName(0), recordName(1)].map((name) => `/a/${name}`));
});
