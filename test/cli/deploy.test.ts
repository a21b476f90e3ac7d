import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keccak256 } from 'viem';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { readDeployment } from '../../cli/config.ts';
import { deployCommand, KEY_FILE_VARIABLE } from '../../cli/deploy.ts';
import { type Anvil, startAnvil } from '../../platform/chain/anvil.ts';
import { connectRpc, type Rpc } from '../../platform/chain/client.ts';
import { PLANNED } from '../../platform/deploy/plan.ts';
import type { Hex } from '../../protocol/bytes.ts';
import { compileContracts } from '../../scripts/compile.ts';
import { account } from '../../scripts/devnet/accounts.ts';

const ROOT = join(import.meta.dirname, '../..');
const DEPLOYER = account(0);
const CHAIN_ID = 31_337;

let folder: string;
let anvil: Anvil;
let rpc: Rpc;
let runs = 0;

beforeAll(async () => {
  // Compiled before the first run is timed by anybody.
  await compileContracts();
  anvil = await startAnvil({ chainId: CHAIN_ID });
  rpc = await connectRpc(anvil.url);
});
afterAll(() => anvil?.stop());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'plumbline-deploy-'));
  await writeFile(join(folder, 'deployer.key'), `${DEPLOYER.privateKey}\n`, { mode: 0o600 });
  process.env[KEY_FILE_VARIABLE] = join(folder, 'deployer.key');
  return async () => {
    delete process.env[KEY_FILE_VARIABLE];
    await rm(folder, { recursive: true, force: true });
  };
});

/** Writes a configuration; every test deploys under a salt of its own. */
async function configure(changed: object = {}): Promise<string> {
  const { timestamp } = await rpc.client.getBlock();
  const settings = {
    chainId: CHAIN_ID,
    deployer: DEPLOYER.address,
    salt: `run ${runs++}`,
    genesis: new Date(Number(timestamp) * 1000 + 3_600_000).toISOString(),
    stakeMin: '100',
    effectiveStakeCap: '1000',
    activationDelayEpochs: 15,
    exitDelayEpochs: 60,
    confirmations: 1,
    ...changed,
  };
  const file = join(folder, 'deploy.yaml');
  await writeFile(file, stringify(settings));
  return file;
}

const outFile = () => join(folder, 'deployments', `${CHAIN_ID}.json`);

async function deploy(config: string, flags: readonly string[] = [], url = anvil.url): Promise<string> {
  const lines: string[] = [];
  const command = deployCommand((line) => lines.push(line));
  const args = ['--rpc', url, '--config', config, '--out', outFile(), ...flags];
  await command.parseAsync(args, { from: 'user' });
  return lines.join('\n');
}

const sent = () => rpc.client.getTransactionCount({ address: DEPLOYER.address });

describe('plumbline deploy', () => {
  test('without --send tells what it would do, sends nothing, writes nothing, needs no key', async () => {
    delete process.env[KEY_FILE_VARIABLE];
    const config = await configure();
    const before = await sent();
    const text = await deploy(config);
    for (const name of PLANNED)
      expect(text).toMatch(new RegExp(`^${name} +0x[0-9a-f]{40} +[0-9,]+ +[0-9,]+ +0\\.0\\d+$`, 'm'));
    expect(text).toMatch(/in all +[0-9,]{10,} +0\.0\d+$/m);
    expect(text).toMatch(/balance [0-9.]+ ETH, needed at most 0\.\d+ ETH/);
    expect(text).toContain(
      `To go on: plumbline deploy --rpc ${anvil.url} --config ${config} --out ${outFile()} --send`,
    );
    expect(await sent()).toBe(before);
    expect(await readdir(folder)).not.toContain('deployments');
  });

  test('never repeats a URL that may hold a key', async () => {
    const text = await deploy(await configure(), [], `${anvil.url}/?key=0123456789abcdef`);
    expect(text).toContain('--rpc "$RPC"');
    expect(text).not.toContain('0123456789abcdef');
  });

  test('writes what stands; a second run sends nothing and agrees; the key is in no line and no file', async () => {
    const config = await configure();
    const first = await deploy(config, ['--send']);
    const text = await readFile(outFile(), 'utf8');
    const { record, ...addresses } = await readDeployment(outFile());
    expect(record!.contracts.map(({ name }) => name)).toEqual(PLANNED);
    for (const { address, transaction, block, codeHash } of record!.contracts) {
      expect(keccak256((await rpc.client.getCode({ address: address as Hex }))!)).toBe(codeHash);
      const receipt = await rpc.client.getTransactionReceipt({ hash: transaction as Hex });
      expect(Number(receipt.blockNumber)).toBe(block);
    }
    expect(addresses.deployBlock).toBe(Math.min(...record!.contracts.map(({ block }) => block!)));
    expect(record!.compiler).toMatchObject({ solc: '0.8.37', settings: { evmVersion: 'prague' } });
    expect(record!.git).toMatch(/^[0-9a-f]{40}(-dirty)?$/);
    const before = await sent();
    const second = await deploy(config, ['--send']);
    expect(second).toContain(`agrees on ${PLANNED.length} of them`);
    expect(await deploy(config, ['--verify'])).toContain('are as configured');
    expect(await sent()).toBe(before);
    expect(await readFile(outFile(), 'utf8')).toBe(text);
    const secret = DEPLOYER.privateKey.slice(2);
    expect([first, second, text].filter((one) => one.includes(secret))).toEqual([]);
  });

  test('writes the same file when the first one was lost', async () => {
    const config = await configure();
    await deploy(config, ['--send']);
    const text = await readFile(outFile(), 'utf8');
    await rm(outFile());
    expect(await deploy(config)).toContain('all 9 contracts stand');
    expect(JSON.parse(await readFile(outFile(), 'utf8'))).toEqual(JSON.parse(text));
  });

  test('killed with -9 wherever it is, it ends when it is run again', async () => {
    const chain = await startAnvil({ chainId: CHAIN_ID, args: ['--block-time', '0.3'] });
    try {
      const config = await configure();
      const args = ['deploy', '--rpc', chain.url, '--config', config, '--out', outFile(), '--send'];
      const killed: number[] = [];
      let code: number | null = null;
      for (let turn = 0; turn < 8 && code !== 0; turn++) {
        // After one contract of its own, then after two: the next transaction is signed, sent, or in a block by then.
        const { lines, exit } = await runAndKill(args, turn < 2 ? turn + 1 : Number.POSITIVE_INFINITY);
        killed.push(lines);
        code = exit;
      }
      expect(code).toBe(0);
      expect(killed.length).toBe(3);
      const there = await connectRpc(chain.url);
      const { record } = await readDeployment(outFile());
      expect(record!.contracts.filter(({ transaction }) => transaction === null)).toEqual([]);
      // The factory and nine contracts: nothing was sent twice.
      expect(await there.client.getTransactionCount({ address: DEPLOYER.address })).toBe(PLANNED.length + 1);
      await deploy(config, ['--verify'], chain.url);
    } finally {
      await chain.stop();
    }
    // Three processes, each of which loads the whole program, and ten blocks.
  }, 240_000);

  test('--steps stops after so many transactions', async () => {
    const config = await configure();
    const before = await sent();
    expect(await deploy(config, ['--send', '--steps', '2'])).toMatch(
      /\d+ transactions are left\. To go on: plumbline deploy/,
    );
    expect((await sent()) - before).toBe(2);
    expect(await readdir(folder)).not.toContain('deployments');
    await deploy(config, ['--send']);
    expect((await readDeployment(outFile())).chainId).toBe(CHAIN_ID);
  });

  test('works on a chain without the CREATE2 proxy', async () => {
    const bare = await startAnvil({ chainId: CHAIN_ID, args: ['--disable-default-create2-deployer'] });
    try {
      const config = await configure();
      await deploy(config, [], bare.url);
      await deploy(config, ['--send', '--steps', '3'], bare.url);
      await deploy(config, ['--send'], bare.url);
      expect(await deploy(config, ['--verify'], bare.url)).toContain('are as configured');
    } finally {
      await bare.stop();
    }
  });
});

describe('is refused', () => {
  const refused = async (config: string, flags: readonly string[] = [], url?: string) =>
    deploy(config, flags, url).then(
      () => expect.unreachable('it was not refused'),
      (error: unknown) => error,
    );

  test('a chain without the precompiles, before anything else', async () => {
    const cancun = await startAnvil({ chainId: CHAIN_ID, hardfork: 'cancun' });
    try {
      const error = await refused(await configure(), ['--send'], cancun.url);
      expect(error).toMatchObject({
        code: 'no-precompiles',
        message: expect.stringMatching(/chain 31337.*G1ADD \(0x0b\).*EIP-2537/),
      });
      expect(await (await connectRpc(cancun.url)).client.getBlockNumber()).toBe(0n);
    } finally {
      await cancun.stop();
    }
  });

  test('no RPC', async () => {
    expect(await refused(await configure(), [], 'http://127.0.0.1:1')).toMatchObject({ code: 'chain-unreachable' });
  });

  test('another chain than the file is for', async () => {
    const error = await refused(await configure({ chainId: 1 }));
    expect(error).toMatchObject({ code: 'wrong-chain', evidence: { chainId: CHAIN_ID, expected: 1 } });
  });

  test('a poor deployer, with what is missing', async () => {
    const poor = `0x${'77'.repeat(20)}`;
    const error = await refused(await configure({ deployer: poor }));
    expect(error).toMatchObject({
      code: 'deploy-balance',
      message: expect.stringMatching(new RegExp(`${poor} has 0 wei and may need [0-9]{16,}`)),
    });
  });

  test('the worthless token anywhere but on a local chain', async () => {
    const public_ = await startAnvil({ chainId: 4_242 });
    try {
      const error = await refused(await configure({ chainId: 4_242 }), [], public_.url);
      expect(error).toMatchObject({ code: 'deploy-token', message: expect.stringContaining('chain 4242') });
    } finally {
      await public_.stop();
    }
  });

  test.each([
    ['an account', account(3).address],
    ['a contract that is no ERC-20', '0x4e59b44847b379578588920cA78FbF26c0B4956C'],
  ])('as stake token %s', async (_, stakeToken) => {
    expect(await refused(await configure({ stakeToken }))).toMatchObject({
      code: 'deploy-token',
      evidence: { token: stakeToken },
    });
  });

  test.each([
    ['that is past', -60],
    ['in a minute', 60],
    ['in two years', 2 * 365 * 86_400],
  ])('a genesis %s', async (_, lead) => {
    const { timestamp } = await rpc.client.getBlock();
    const genesis = new Date((Number(timestamp) + lead) * 1000).toISOString();
    expect(await refused(await configure({ genesis }))).toMatchObject({ code: 'deploy-genesis' });
  });

  test('a block too small for the oracle', async () => {
    const small = await startAnvil({ chainId: CHAIN_ID, args: ['--gas-limit', '5000000'] });
    try {
      const error = await refused(await configure(), [], small.url);
      expect(error).toMatchObject({ code: 'deploy-gas-limit', evidence: { name: 'MeasurementOracle' } });
    } finally {
      await small.stop();
    }
  });

  test('--send without a key, with a file for everybody, with another account’s key', async () => {
    const config = await configure();
    delete process.env[KEY_FILE_VARIABLE];
    expect(await refused(config, ['--send'])).toMatchObject({
      code: 'deploy-key',
      message: expect.stringContaining(KEY_FILE_VARIABLE),
    });
    const file = join(folder, 'other.key');
    process.env[KEY_FILE_VARIABLE] = file;
    await writeFile(file, account(1).privateKey, { mode: 0o644 });
    expect(await refused(config, ['--send'])).toMatchObject({ code: 'secret-file' });
    await rm(file);
    await writeFile(file, account(1).privateKey, { mode: 0o600 });
    const error = await refused(config, ['--send']);
    expect(error).toMatchObject({ code: 'deploy-key', message: expect.stringContaining(DEPLOYER.address) });
    expect((error as Error).message).not.toContain(account(1).privateKey.slice(2));
  });

  test('a deployment file with other addresses, unless --overwrite is given', async () => {
    await deploy(await configure(), ['--send']);
    const text = await readFile(outFile(), 'utf8');
    const other = await configure();
    expect(await refused(other, ['--send'])).toMatchObject({
      code: 'deploy-file',
      message: expect.stringContaining('--overwrite'),
    });
    expect(await readFile(outFile(), 'utf8')).toBe(text);
    await deploy(other, ['--send', '--overwrite']);
    expect(await readFile(outFile(), 'utf8')).not.toBe(text);
  });

  test.each<[string, (text: string) => string, string]>([
    ['of another chain', (text) => text.replace(`"chainId": ${CHAIN_ID}`, '"chainId": 1'), 'deploy-file'],
    ['that is cut off', (text) => text.slice(0, 200), 'config'],
    ['with a field more', (text) => text.replace('{', '{"extra": 1,'), 'config'],
    ['with another receipt', (text) => text.replace(/"block": \d+/, '"block": 1000000'), 'deploy-differs'],
    ['with another code hash', (text) => text.replace(/"codeHash": "0x..../, '"codeHash": "0x0000'), 'deploy-differs'],
  ])('a deployment file %s', async (_, change, code) => {
    const config = await configure();
    await deploy(config, ['--send']);
    await writeFile(outFile(), change(await readFile(outFile(), 'utf8')));
    expect(await refused(config, ['--verify'])).toMatchObject({ code });
  });

  test('--verify before anything stands', async () => {
    expect(await refused(await configure(), ['--verify'])).toMatchObject({ code: 'deploy-incomplete' });
  });
});

/** Runs the real program, and ends it with SIGKILL once it has told of so many contracts. */
function runAndKill(args: readonly string[], linesMax: number): Promise<{ lines: number; exit: number | null }> {
  const child = spawn(process.execPath, [join(ROOT, 'cli/bin.js'), ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  let lines = 0;
  child.stdout.on('data', (chunk: Buffer) => {
    lines += String(chunk).match(/^created /gm)?.length ?? 0;
    if (lines >= linesMax) child.kill('SIGKILL');
  });
  return new Promise((resolve) => child.once('close', (exit) => resolve({ lines, exit })));
}
