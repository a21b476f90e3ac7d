import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
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

test('a write clears away what a killed process left half written, and nothing else', async () => {
  const draft = (name: string) => `${name}.01234567-89ab-cdef-0123-456789abcdef.tmp`;
  const hourAgo = Date.now() / 1000 - 3600;
  await mkdir(join(parent, 'c'));
  for (const name of [draft('old'), draft('young'), 'mine.tmp', 'record'])
    await writeFile(join(parent, 'c', name), 'x');
  for (const name of [draft('old'), 'mine.tmp', 'record']) await utimes(join(parent, 'c', name), hourAgo, hourAgo);
  const folder = directoryFolder(join(parent, 'c'));
  await folder.write('x', Uint8Array.of(1));
  expect((await folder.names()).sort()).toEqual(['mine.tmp', 'record', 'x', draft('young')].sort());
});

test('a file that cannot be put in its place leaves no draft', async () => {
  await mkdir(join(parent, 'd/x/inside'), { recursive: true });
  const folder = directoryFolder(join(parent, 'd'));
  await expect(folder.write('x', Uint8Array.of(1))).rejects.toThrow();
  expect(await folder.names()).toEqual(['x']);
});
