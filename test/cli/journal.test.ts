import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { journalCommand } from '../../cli/journal.ts';
import { keysCommand } from '../../cli/keys.ts';
import { openJournal } from '../../platform/store/journal.ts';
import { openLevelStore } from '../../platform/store/level.ts';
import { fromHex } from '../../protocol/bytes.ts';
import type { PlumblineError } from '../../protocol/error.ts';
import { digestFor } from '../platform/store/journal.fixture.ts';

const CHILD = join(import.meta.dirname, '../platform/store/journal.child.ts');
const ADDRESS = `0x${'11'.repeat(20)}`;
let root: string;
let keys: string;
let watcher: Uint8Array;
let folder: string;
const children: ChildProcess[] = [];

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'plumbline-journal-'));
  keys = join(root, 'keys');
  const lines: string[] = [];
  await keysCommand((line) => lines.push(line), 'devnet').parseAsync(['new', '--out', keys], { from: 'user' });
  watcher = fromHex((JSON.parse(lines.join('\n')) as { watcher: `0x${string}` }).watcher);
});
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await rm(root, { recursive: true, force: true });
});

/** Two machines with the same key: a has signed, b is new. */
beforeEach(async () => {
  folder = await mkdtemp(join(root, 'case-'));
  for (const name of ['a', 'b']) await machine(name);
  await sign('a', 5);
});

async function machine(name: string, deployment: object = {}): Promise<void> {
  const path = join(folder, name);
  await mkdir(path, { mode: 0o700 });
  const addresses = { token: ADDRESS, registry: ADDRESS, services: ADDRESS, oracle: ADDRESS, vault: ADDRESS };
  const facts = { chainId: 31_337, deployBlock: 1, ...addresses, ...deployment };
  await writeFile(join(path, 'deployment.json'), JSON.stringify(facts));
  const settings = {
    rpc: 'http://127.0.0.1:1',
    deployment: 'deployment.json',
    dataDir: 'data',
    keystore: join(keys, 'keystore.json'),
    keystorePasswordFile: join(keys, 'password'),
  };
  await writeFile(join(path, 'watch.json'), JSON.stringify(settings));
}

async function sign(name: string, epoch: number, digest = digestFor(epoch)): Promise<string> {
  const store = await openLevelStore(join(folder, name, 'data/db'));
  const journal = await openJournal(store, { watcher });
  const entry = { kind: 'attestation', epoch, view: 0, digest, payload: Uint8Array.of(1) } as const;
  const outcome = await journal.record(entry).catch(({ code }: PlumblineError) => code);
  await store.close();
  return outcome;
}

async function journal(command: 'export' | 'import', name: string, file: string): Promise<string> {
  const lines: string[] = [];
  const flag = command === 'export' ? '--out' : '--in';
  const argv = [command, '--config', join(folder, name, 'watch.json'), flag, join(folder, file)];
  await journalCommand((line) => lines.push(line)).parseAsync(argv, { from: 'user' });
  return lines.join('\n');
}
const refusal = (work: Promise<string>) => work.catch(({ code }: PlumblineError) => code);

test('a journal moves to another machine, which signs nothing else in its place', async () => {
  expect(await journal('export', 'a', 'a.json')).toContain('1 slots');
  expect((await stat(join(folder, 'a.json'))).mode & 0o777).toBe(0o600);
  expect(await journal('import', 'b', 'a.json')).toContain('below epoch 6');
  expect(await sign('b', 5, digestFor('other'))).toBe('journal-conflict');
  expect(await sign('b', 4)).toBe('journal-closed');
  expect(await sign('b', 5)).toBe('same');
  expect(await sign('b', 6)).toBe('new');
  await journal('export', 'b', 'b.json');
  expect(await refusal(journal('import', 'a', 'b.json'))).toContain('1 slots were new');
});

test('a file of another chain or oracle, or one that is damaged, changes nothing and leaves no database', async () => {
  await journal('export', 'a', 'a.json');
  await machine('chain', { chainId: 1 });
  await machine('oracle', { oracle: `0x${'22'.repeat(20)}` });
  for (const name of ['chain', 'oracle']) {
    expect(await refusal(journal('import', name, 'a.json'))).toBe('interchange-foreign');
    expect(await readdir(join(folder, name))).not.toContain('data');
  }
  const text = await readFile(join(folder, 'a.json'), 'utf8');
  await writeFile(join(folder, 'cut.json'), text.slice(0, -9));
  expect(await refusal(journal('import', 'b', 'cut.json'))).toBe('interchange-malformed');
  expect(await readdir(join(folder, 'b'))).not.toContain('data');
});

test('a file is never overwritten, and one that cannot be read or written is named', async () => {
  await journal('export', 'a', 'a.json');
  expect(await refusal(journal('export', 'a', 'a.json'))).toBe('interchange-file');
  expect(await refusal(journal('export', 'a', 'nowhere/a.json'))).toBe('interchange-file');
  expect(await refusal(journal('import', 'b', 'missing.json'))).toBe('interchange-file');
});

test('a machine that has signed nothing has nothing to export', async () => {
  expect(await refusal(journal('export', 'b', 'b.json'))).toBe('journal-missing');
  expect(await readdir(join(folder, 'b'))).not.toContain('data');
});

test('a contradiction is refused and changes nothing', async () => {
  await sign('b', 5, digestFor('other'));
  await journal('export', 'a', 'a.json');
  expect(await refusal(journal('import', 'b', 'a.json'))).toBe('journal-conflict');
  expect(await sign('b', 4)).toBe('new');
});

test('while another process signs with the directory, neither command touches it', async () => {
  await journal('export', 'a', 'a.json');
  // A process that holds the directory, as a running watcher does.
  const child = spawn(process.execPath, [CHILD, join(folder, 'b/data/db'), '1'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  await once(child.stdout!, 'data');
  expect(await refusal(journal('export', 'b', 'b.json'))).toBe('store-locked');
  expect(await refusal(journal('import', 'b', 'a.json'))).toBe('store-locked');
  expect(await readdir(folder)).not.toContain('b.json');
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
  // The child's journal is of another key: now the directory opens, and is refused for that.
  expect(await refusal(journal('import', 'b', 'a.json'))).toBe('journal-foreign');
});
