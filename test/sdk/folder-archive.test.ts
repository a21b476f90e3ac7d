import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createBls } from '../../platform/bls/create.ts';
import { equalBytes } from '../../protocol/bytes.ts';
import { leafHash } from '../../protocol/leaf.ts';
import { merkleTree } from '../../protocol/merkle.ts';
import { recordBytesMax, recordName } from '../../protocol/record.ts';
import { folderArchive } from '../../sdk/folder-archive.ts';
import { createWorld } from '../support/world.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'plumbline-leaves-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('the leaves of a record that a network wrote hash to the root of its report', async () => {
  const world = createWorld({ bls: await createBls(() => undefined), epochs: 2 });
  for (const [epoch, bytes] of world.records) await writeFile(join(folder, recordName(epoch)), bytes);
  const archive = folderArchive(folder);
  const leaves = await archive.leaves({ epoch: 1, batches: 4 });
  const { resultsRoot } = world.landed[1]!.header;
  expect(leaves!.map(({ windowEpochs }) => windowEpochs)).toContain(2);
  expect(equalBytes(merkleTree(leaves!.map(leafHash)).root, resultsRoot)).toBe(true);
  expect(await archive.leaves({ epoch: 2, batches: 4 })).toBeUndefined();
});

test('a file that is no record, or longer than any of its report, is refused', async () => {
  const archive = folderArchive(folder);
  await writeFile(join(folder, recordName(7)), Uint8Array.of(1, 2, 3));
  await expect(archive.leaves({ epoch: 7, batches: 4 })).rejects.toMatchObject({ code: 'decode' });
  // A sparse file: its bytes are not on the disk.
  await truncate(join(folder, recordName(7)), recordBytesMax(4) + 1);
  await expect(archive.leaves({ epoch: 7, batches: 4 })).rejects.toMatchObject({ code: 'archive' });
  await expect(folderArchive(join(folder, recordName(7))).leaves({ epoch: 7, batches: 4 })).rejects.toMatchObject({
    code: 'archive',
  });
});
