import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { folderArchive } from '../../audit/archive.ts';
import { replay } from '../../audit/replay.ts';
import { createBls } from '../../platform/bls/create.ts';
import { RECORD_BYTES_MAX, recordBytesMax, recordName } from '../../protocol/record.ts';
import { createWorld } from '../support/world.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'plumbline-archive-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it('reads a record, and has none where there is no file', async () => {
  await writeFile(join(folder, recordName(3)), Uint8Array.of(1, 2, 3));
  const archive = folderArchive(folder, 'shown');
  expect(archive.path(3)).toBe('shown/epoch-000000003.ssz');
  expect(await archive.read(3)).toEqual(Uint8Array.of(1, 2, 3));
  expect(await archive.read(4)).toBeUndefined();
});

it('refuses a file larger than any record before it reads it, and the replay goes on with another folder', async () => {
  const bls = await createBls(() => undefined);
  const world = createWorld({ bls, epochs: 1 });
  const path = join(folder, recordName(0));
  await writeFile(path, '');
  // A sparse file: the bytes are not on the disk, and must not come into memory either.
  await truncate(path, RECORD_BYTES_MAX + 1);
  const huge = folderArchive(folder);
  await expect(huge.read(0)).rejects.toMatchObject({ code: 'archive' });
  // What four batches and all leaves can need is refused beyond that, whatever the largest set could need.
  await truncate(path, recordBytesMax(4) + 1);
  const other = { path: () => 'other', read: async (epoch: number) => world.records.get(epoch) };
  const transactions = async (hash: string) => world.transactions.get(hash);
  const deps = { chain: world.chain, transactions, bls, archives: [huge, other] };
  const verdict = await replay(deps, { epoch: 0, earlierSignatures: true });
  expect(verdict.exit).toBe(1);
  expect(verdict.conclusion).toBe(`epoch 0: the report on chain follows from its batches, but damaged: ${path}`);
});
