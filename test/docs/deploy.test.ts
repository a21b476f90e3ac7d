import { spawn } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readConfig, readDeployment } from '../../cli/config.ts';
import { DeployConfig } from '../../cli/deployconfig.ts';
import { type Anvil, startAnvil } from '../../platform/chain/anvil.ts';
import { compileContracts } from '../../scripts/compile.ts';
import { account } from '../../scripts/devnet/accounts.ts';
import { codeBlock, ROOT, read } from './markdown.ts';

const PAGE = read('docs/OPERATORS.md');
const marked = (name: string) => PAGE.slice(PAGE.indexOf(`<!-- test: ${name} -->`));
/** Half a year before the example's epoch 0, whenever this runs. */
const CHAIN_TIME = Date.UTC(2029, 6, 1) / 1000;

let folder: string;
let anvil: Anvil;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'plumbline-docs-'));
  await compileContracts();
  anvil = await startAnvil({ chainId: 31_337, args: ['--block-time', '0.3', '--timestamp', String(CHAIN_TIME)] });
});
afterAll(async () => {
  await anvil?.stop();
  await rm(folder, { recursive: true, force: true });
});

// Three programs, and ten transactions that wait for two blocks each.
it('deploys with the file and the commands as they stand', async () => {
  await writeFile(join(folder, 'deploy.yaml'), codeBlock(marked('deploy.yaml'), 'yaml'));
  const config = await readConfig<DeployConfig>(join(folder, 'deploy.yaml'), DeployConfig);
  expect([config.chainId, config.deployer]).toEqual([31_337, account(0).address]);
  await writeFile(join(folder, 'deployer.key'), `${account(0).privateKey}\n`, { mode: 0o600 });
  const script = codeBlock(marked('deploy'), 'sh')
    .replaceAll('http://127.0.0.1:8545', anvil.url)
    .replaceAll('my/', `${folder}/`);
  const { code, text } = await bash(script);
  expect([code, text]).toEqual([0, expect.stringContaining('Nothing was sent. To go on: plumbline deploy')]);
  expect(text).toContain('are as configured');
  expect((await readDeployment(join(folder, 'deployment.json'))).record!.contracts.length).toBe(9);
  expect((await readdir(folder)).sort()).toEqual(['deploy.yaml', 'deployer.key', 'deployment.json']);
}, 240_000);

/** The chain is another process, so waiting must not block this one for so long that its hooks time out. */
function bash(script: string): Promise<{ code: number | null; text: string }> {
  const child = spawn('bash', ['-e', '-c', script], { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      text += String(chunk);
    });
  }
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, text })));
}
