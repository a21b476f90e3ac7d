import { execFile } from 'node:child_process';
import { appendFile, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openLevelStore } from '../../../platform/store/level.ts';
import { memoryStore } from '../../../platform/store/memory.ts';
import { KEY_BYTES_MAX, RANGE_ROWS_MAX, type Store } from '../../../platform/store/store.ts';

const bytes = (...values: number[]) => Uint8Array.from(values);
let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'plumbline-store-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

describe.each([
  ['level', () => openLevelStore(join(directory, 'db'))],
  ['memory', async () => memoryStore()],
] as const)('a %s store', (_name, open) => {
  let store: Store;
  beforeEach(async () => {
    store = await open();
  });
  afterEach(() => store.close());

  test('returns what was put, and undefined for what was not', async () => {
    await store.put('state', bytes(1, 2), bytes(3), { sync: true });
    expect(await store.get('state', bytes(1, 2))).toEqual(bytes(3));
    expect(await store.get('state', bytes(1))).toBeUndefined();
    expect(await store.get('batch', bytes(1, 2))).toBeUndefined();
  });

  test('keeps an empty key and an empty value', async () => {
    await store.put('meta', bytes(), bytes());
    expect(await store.get('meta', bytes())).toEqual(bytes());
    expect(await store.range('meta', { limit: 5 })).toEqual([[bytes(), bytes()]]);
  });

  test('a batch applies in order, and a bad key in it applies nothing', async () => {
    const key = bytes(9);
    await store.batch([
      { kind: 'put', bucket: 'state', key, value: bytes(1) },
      { kind: 'delete', bucket: 'state', key },
      { kind: 'put', bucket: 'state', key, value: bytes(2) },
    ]);
    expect(await store.get('state', key)).toEqual(bytes(2));
    const tooLong = new Uint8Array(KEY_BYTES_MAX + 1);
    const bad = store.batch([
      { kind: 'delete', bucket: 'state', key },
      { kind: 'put', bucket: 'state', key: tooLong, value: bytes() },
    ]);
    await expect(bad).rejects.toMatchObject({ code: 'store-key-too-long' });
    expect(await store.get('state', key)).toEqual(bytes(2));
  });

  test('a range stays in its bucket, in bytewise order, within its bounds and its limit', async () => {
    const keys = [bytes(0), bytes(1), bytes(1, 0), bytes(2), bytes(255, 255)];
    for (const key of [...keys].reverse()) await store.put('batch', key, key);
    await store.put('state', bytes(255), bytes(7));
    await store.put('report', bytes(0), bytes(7));
    const range = async (options: Parameters<Store['range']>[1]) =>
      (await store.range('batch', options)).map(([key]) => key);
    expect(await range({ limit: 10 })).toEqual(keys);
    expect(await range({ limit: 2 })).toEqual(keys.slice(0, 2));
    expect(await range({ limit: 2, reverse: true })).toEqual([keys[4], keys[3]]);
    expect(await range({ gte: bytes(1), lt: bytes(2), limit: 10 })).toEqual([bytes(1), bytes(1, 0)]);
    expect(await range({ gte: bytes(2), lt: bytes(1), limit: 10 })).toEqual([]);
  });

  test.each([0, -1, 1.5, RANGE_ROWS_MAX + 1])('a range limit of %s is refused', async (limit) => {
    await expect(store.range('batch', { limit })).rejects.toMatchObject({ code: 'store-limit-out-of-bounds' });
  });

  test('a closed store refuses work, and closing twice is fine', async () => {
    await store.close();
    await store.close();
    await expect(store.get('meta', bytes(1))).rejects.toMatchObject({ code: 'store-closed' });
    await expect(store.put('meta', bytes(1), bytes(1))).rejects.toMatchObject({ code: 'store-closed' });
    await expect(store.range('meta', { limit: 1 })).rejects.toMatchObject({ code: 'store-closed' });
  });
});

describe('opening a level store', () => {
  test('survives closing and opening', async () => {
    const first = await openLevelStore(directory);
    await first.put('meta', bytes(1), bytes(2));
    await first.close();
    const second = await openLevelStore(directory);
    expect(await second.get('meta', bytes(1))).toEqual(bytes(2));
    await second.close();
  });

  test('names the directory and the remedy when another process holds it', async () => {
    const store = await openLevelStore(directory);
    const program = `import { openLevelStore } from ${JSON.stringify(join(import.meta.dirname, '../../../platform/store/level.ts'))};
      try { await openLevelStore(${JSON.stringify(directory)}); } catch (error) { console.log(error.code + ' ' + error.message); }`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program]);
    await store.close();
    expect(stdout).toContain('store-locked');
    expect(stdout).toContain(directory);
    expect(stdout).toContain('stop that one first');
  });

  test('says so when the directory is locked by this very process', async () => {
    const store = await openLevelStore(directory);
    await expect(openLevelStore(directory)).rejects.toMatchObject({ code: 'store-locked', evidence: { directory } });
    await store.close();
  });

  test('says so when the path is a file', async () => {
    const file = join(directory, 'file');
    await writeFile(file, 'x');
    await expect(openLevelStore(file)).rejects.toMatchObject({ code: 'store-not-writable' });
    await expect(openLevelStore(join(file, 'below'))).rejects.toMatchObject({ code: 'store-not-writable' });
  });

  test('says so when the database is damaged', async () => {
    const store = await openLevelStore(directory);
    await store.put('meta', bytes(1), bytes(2), { sync: true });
    await store.close();
    const manifest = (await readdir(directory)).find((name) => name.startsWith('MANIFEST'))!;
    await rm(join(directory, manifest));
    await expect(openLevelStore(directory)).rejects.toMatchObject({ code: 'store-corrupt' });
    await appendFile(join(directory, 'CURRENT'), 'no newline');
    await expect(openLevelStore(directory)).rejects.toMatchObject({ code: 'store-corrupt' });
  });
});
