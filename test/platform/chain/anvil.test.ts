import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startAnvil } from '../../../platform/chain/anvil.ts';
import { connectRpc } from '../../../platform/chain/client.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'plumbline-anvil-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const CHAIN_ID = 4_242;

it('keeps blocks and transactions in its state file, and loads them without writing it', async () => {
  const statePath = join(folder, 'state.json');
  const first = await startAnvil({ chainId: CHAIN_ID, args: ['--state', statePath] });
  const { client } = await connectRpc(first.url);
  const [from] = (await client.request({ method: 'eth_accounts' as never })) as `0x${string}`[];
  const transaction = { from, to: from, data: '0x1234' };
  const hash = (await client.request({
    method: 'eth_sendTransaction' as never,
    params: [transaction] as never,
  })) as `0x${string}`;
  const { blockHash } = await client.waitForTransactionReceipt({ hash });
  const before = await client.getBlock({ blockHash });
  await first.stop();
  const written = await readFile(statePath);
  const { mtimeMs } = await stat(statePath);

  const second = await startAnvil({ chainId: CHAIN_ID, statePath });
  try {
    const again = await connectRpc(second.url);
    expect(again.chainId).toBe(CHAIN_ID);
    expect(second.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect((await again.client.getTransaction({ hash })).input).toBe('0x1234');
    expect((await again.client.getBlock({ blockNumber: before.number })).hash).toBe(blockHash);
  } finally {
    await second.stop();
  }
  await second.stop();
  expect((await stat(statePath)).mtimeMs).toBe(mtimeMs);
  expect(await readFile(statePath)).toEqual(written);
  await expect(connectRpc(second.url)).rejects.toMatchObject({ code: 'chain-unreachable' });
}, 60_000);

it('says what anvil said when it does not start', async () => {
  const statePath = join(folder, 'half.json');
  await writeFile(statePath, '{"block": {');
  await expect(startAnvil({ chainId: CHAIN_ID, statePath })).rejects.toMatchObject({
    code: 'anvil',
    message: expect.stringMatching(/did not start: it ended with 2: .*state file is not whole/),
  });
});
