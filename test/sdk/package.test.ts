import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fromHex } from '../../protocol/bytes.ts';
import { encodeLeaf } from '../../protocol/leaf.ts';
import { encodeRecord, recordName } from '../../protocol/record.ts';
import { availabilityLeaf } from '../support/reporter.ts';

const ROOT = join(import.meta.dirname, '../..');
/** What a stranger has besides; nothing else may be needed. */
const DEPENDENCIES = ['viem', '@chainsafe/ssz', '@noble/hashes'];
/** The machine's own Node, which may be older than ours; Node 20 is enough for the package. */
const NODE =
  (process.env.PATH ?? '')
    .split(delimiter)
    .filter((folder) => !folder.includes('node_modules'))
    .map((folder) => join(folder, 'node'))
    .find((path) => existsSync(path)) ?? process.execPath;

let folder: string;
const run = (command: string, ...args: string[]) => execFileSync(command, args, { cwd: folder, encoding: 'utf8' });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'plumbline-package-'));
  execFileSync(process.execPath, [join(ROOT, 'scripts/build.ts')], { stdio: 'pipe' });
  execFileSync('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder], { cwd: ROOT });
  const [packed] = await readdir(folder);
  const installed = join(folder, 'node_modules/plumbline-oracle');
  await mkdir(installed, { recursive: true });
  run('tar', '-xzf', packed!, '-C', installed, '--strip-components=1');
  for (const name of DEPENDENCIES) {
    await mkdir(join(folder, 'node_modules', name, '..'), { recursive: true });
    await symlink(join(ROOT, 'node_modules', name), join(folder, 'node_modules', name));
  }
}, 180_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

test('a stranger imports the packed SDK by its name, on the machine’s own Node', async () => {
  const leaf = fromHex(encodeLeaf(availabilityLeaf(`0x${'01'.repeat(32)}`, 2, 2, 990_000)));
  const [zero, word] = [0n, new Uint8Array(32)];
  const header = { protocolVersion: 1, epoch: 3, setId: 1, countedLow: zero, countedHigh: zero, anchorNumber: 0 };
  const roots = { parametersId: word, previous: word, resultsRoot: word, batchesRoot: word, anchorHash: word };
  const frame = { view: 0, signersLow: zero, signersHigh: zero, observations: [], reveals: [], leaves: [leaf] };
  const whole = { ...header, ...roots, accumulatorRoot: word, historyRoot: word };
  await writeFile(join(folder, recordName(3)), encodeRecord({ ...frame, header: whole }));
  await writeFile(
    join(folder, 'stranger.mjs'),
    `import * as sdk from 'plumbline-oracle/sdk';
     const [leaf] = await sdk.folderArchive('.').leaves({ epoch: 3, batches: 0 });
     const { reason } = sdk.decodeRefusal('bid', '0x12345678');
     console.log(JSON.stringify({ names: Object.keys(sdk), median: leaf.stats[0].median.value, reason }));`,
  );
  const said = JSON.parse(run(NODE, 'stranger.mjs')) as { names: string[]; median: number; reason: string };
  expect(said).toMatchObject({ median: 990_000, reason: 'unknown' });
  const asked = ['getReport', 'proveLeaf', 'proveAndStore', 'settle', 'watchReports', 'postIntent', 'bid', 'reveal'];
  expect(said.names).toEqual(expect.arrayContaining([...asked, 'settleMany', 'matchIntent', 'slaVaultAbi']));
});

test('its types reach a stranger’s compiler', async () => {
  await writeFile(
    join(folder, 'stranger.mts'),
    `import { createPublicClient, http } from 'viem';
     import { getReport, METRIC, type ProvenLeaf } from 'plumbline-oracle/sdk';
     const client = createPublicClient({ transport: http('http://127.0.0.1:1') });
     const deployment = { oracle: '0x', deployBlock: 1 } as const;
     export const root = async (): Promise<\`0x\${string}\`> => (await getReport(client, { deployment })).header.resultsRoot;
     export const median = ({ leaf }: ProvenLeaf): number => leaf.stats[METRIC.availabilityPpm]!.median.value;
     // @ts-expect-error an epoch is a number
     export const wrong = () => getReport(client, { deployment, epoch: 1n });
     // @ts-expect-error nothing of this name: the types are not any
     export const none = async () => (await getReport(client, { deployment })).nothing;`,
  );
  const options = ['--strict', '--noEmit', '--skipLibCheck', '--target', 'es2022', '--module', 'nodenext'];
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  expect(run(process.execPath, tsc, ...options, '--types', '', 'stranger.mts')).toBe('');
});

test('nothing but the build is in the package', async () => {
  const files = (await readdir(join(folder, 'node_modules/plumbline-oracle'), { recursive: true })).sort();
  expect(files.filter((file) => !file.startsWith('dist'))).toEqual([
    'LICENSE',
    'README.md',
    'cli',
    'cli/bin.js',
    'package.json',
  ]);
  expect(
    files.filter((file) => /\.(js|d\.ts)$/.test(file) && /^dist\/(sdk|protocol)\//.test(file)).length,
  ).toBeGreaterThan(80);
  expect(files.some((file) => file.includes('examples'))).toBe(false);
  const { private: isPrivate } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { private: boolean };
  expect(isPrivate).toBe(true);
});
