import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { directoryFolder } from '../../platform/files.ts';

let parent: string;
beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'plumbline-files-'));
});
afterEach(() => rm(parent, { recursive: true, force: true }));

test('a folder is made with its first file, and is empty before', async () => {
  const folder = directoryFolder(join(parent, 'a/b'));
  expect(await folder.names()).toEqual([]);
  expect(await folder.read('x', 10)).toBeUndefined();
  await folder.remove('x');
  await folder.write('x', Uint8Array.of(1, 2, 3));
  await folder.write('x', Uint8Array.of(4, 5));
  expect(await folder.names()).toEqual(['x']);
  expect(await folder.read('x', 2)).toEqual(Uint8Array.of(4, 5));
  await expect(folder.read('x', 1)).rejects.toMatchObject({ code: 'archive' });
  await folder.remove('x');
  expect(await folder.names()).toEqual([]);
});
