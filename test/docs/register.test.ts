import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { keysCommand } from '../../cli/keys.ts';
import { type Anvil, startAnvil } from '../../platform/chain/anvil.ts';
import { connectRpc, type Rpc, walletOf } from '../../platform/chain/client.ts';
import { type Deployed, deployContracts } from '../../platform/deploy/deploy.ts';
import { watcherRegistryAbi } from '../../protocol/abi.ts';
import { MINIMAL } from '../../protocol/parameters.ts';
import { compileContracts } from '../../scripts/compile.ts';
import { account } from '../../scripts/devnet/accounts.ts';
import { codeBlock, ROOT, read } from './markdown.ts';

const PAGE = read('docs/OPERATORS.md');
const STAKE = 10n ** 20n;
const operator = account(0);

let folder: string;
let anvil: Anvil;
let rpc: Rpc;
let deployed: Deployed;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'plumbline-docs-'));
  anvil = await startAnvil({ chainId: 31_337 });
  rpc = await connectRpc(anvil.url);
  deployed = await deployContracts(rpc, walletOf(rpc, operator.privateKey), await compileContracts(), {
    ...MINIMAL,
    genesis: Math.floor(Date.now() / 1000) + 3_600,
    stakeToken: undefined,
    stakeMin: STAKE,
    effectiveStakeCap: STAKE,
    activationDelayEpochs: 2,
    exitDelayEpochs: 8,
  });
  await writeFile(join(folder, 'deployment.json'), JSON.stringify(deployed));
  await writeFile(join(folder, 'operator.key'), `${operator.privateKey}\n`);
});
afterAll(async () => {
  await anvil?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** A block of the page as somebody would paste it, with this test's chain and folder. */
function paste(name: string, replaced: Record<string, string> = {}): string {
  const marked = PAGE.slice(PAGE.indexOf(`<!-- test: ${name} -->`));
  let script = codeBlock(marked, 'sh').replaceAll('http://127.0.0.1:8545', anvil.url).replaceAll('my/', `${folder}/`);
  for (const [from, to] of Object.entries(replaced)) script = script.replace(from, to);
  const { status, stdout, stderr } = spawnSync('bash', ['-e', '-c', script], { cwd: ROOT, encoding: 'utf8' });
  expect([status, stderr]).toEqual([0, '']);
  return stdout;
}

/** Every address that the registry's events name, in order. */
async function published(): Promise<string[]> {
  const query = { address: deployed.registry, abi: watcherRegistryAbi, fromBlock: 0n, strict: true } as const;
  const logs = await rpc.client.getContractEvents(query);
  return logs.flatMap(({ eventName, args }) => {
    if (eventName === 'Registered') return args.metadata.addresses;
    return eventName === 'ContactChanged' ? args.contact.addresses : [];
  });
}

const seatsTaken = async () => {
  const read = { address: deployed.registry, abi: watcherRegistryAbi, functionName: 'pending' } as const;
  return (await rpc.client.readContract(read))[0][0];
};

it('a stranger registers, seals and exits with the blocks of the page for operators', async () => {
  await mkdir(join(folder, 'keys'), { mode: 0o700 });
  const lines: string[] = [];
  const target = ['--chain-id', '31337', '--registry', deployed.registry, '--operator', operator.address];
  const command = keysCommand((line) => lines.push(line), 'devnet');
  const found = ['--identity', join(folder, 'identity.key'), '--announce', '/ip4/9.9.9.9/tcp/4601'];
  await command.parseAsync(['new', '--out', join(folder, 'keys'), ...target, ...found], { from: 'user' });
  await writeFile(join(folder, 'registration.json'), lines.join('\n'));

  const registered = paste('register', { '500000000000000000000': STAKE.toString() });
  expect(registered).toBe('approve success true\nregister success 0\nseal success 1\n');
  expect(await seatsTaken()).toBe(1n);
  const moved = ['/ip4/9.9.9.10/tcp/1', '/ip4/9.9.9.11/tcp/1'];
  const where = { 'SEAT=4': 'SEAT=0', '/ip4/YOUR.PUBLIC.IP/tcp/4601/p2p/12D3KooW…': moved.join(' ') };
  expect(paste('contact', where)).toBe('setContact success\n');
  const first = expect.stringMatching(/^\/ip4\/9\.9\.9\.9\/tcp\/4601\/p2p\/12D3KooW/);
  expect(await published()).toEqual([first, ...moved]);
  expect(paste('leave', { 'SEAT=4': 'SEAT=0' })).toBe('exit success\n');
  expect(await seatsTaken()).toBe(0n);
  expect(paste('leave', { 'CALL=exit': 'CALL=seal' })).toBe('seal success\n');
});
