import { afterEach, expect, test } from 'vitest';
import { readState, sendAll } from '../../../platform/deploy/deploy.ts';
import type { Creation } from '../../../platform/deploy/transactions.ts';
import { account } from '../../../scripts/devnet/accounts.ts';
import { DEPLOYER, openBareChain, SENDING, settingsWith } from './world.ts';

let world: Awaited<ReturnType<typeof openBareChain>>;
afterEach(() => world?.anvil.stop());

const QUICK = { ...SENDING, waitMillis: 1_000 };
const left = async () => (await readState(world.rpc, world.artifacts, DEPLOYER.address, settingsWith())).transactions;
const sendFirst = async (settings = QUICK, transactions?: readonly Creation[]) =>
  sendAll(world.rpc, world.wallet, (transactions ?? (await left())).slice(0, 1), settings, () => {});

test('a transaction that nobody mines is a time-out; while it waits nothing else is sent; dropped, it is sent again', async () => {
  world = await openBareChain(['--no-mining']);
  const all = await left();
  const error = await sendFirst().catch((caught: unknown) => caught);
  expect(error).toMatchObject({ code: 'deploy-timeout', message: expect.stringContaining('run the command again') });
  await expect(sendFirst()).rejects.toMatchObject({ code: 'deploy-pending', evidence: { mined: 0, next: 1 } });
  await world.call('anvil_dropTransaction', [(error as { evidence: { hash: string } }).evidence.hash]);
  await world.call('evm_setAutomine', [true]);
  await sendFirst();
  expect((await left()).length).toBe(all.length - 1);
});

test('one that lands after the command gave up is found by the next', async () => {
  world = await openBareChain(['--no-mining']);
  const all = await left();
  await expect(sendFirst()).rejects.toMatchObject({ code: 'deploy-timeout' });
  await world.call('anvil_mine');
  expect((await left()).length).toBe(all.length - 1);
});

test('one that the wallet replaces is told so, and the next run sends it again', async () => {
  world = await openBareChain(['--no-mining']);
  const { wallet, rpc } = world;
  const transactions = await left();
  const sending = sendFirst(SENDING, transactions).catch((caught: unknown) => caught);
  await expect
    .poll(() => rpc.client.getTransactionCount({ address: DEPLOYER.address, blockTag: 'pending' }), { timeout: 20_000 })
    .toBe(1);
  await wallet.sendTransaction({
    to: account(1).address,
    value: 1n,
    nonce: 0,
    gas: 21_000n,
    maxFeePerGas: 10n ** 11n,
    maxPriorityFeePerGas: 10n ** 11n,
  });
  await world.call('anvil_mine');
  expect(await sending).toMatchObject({ code: 'deploy-replaced', evidence: { nonce: 0 } });
  await world.call('evm_setAutomine', [true]);
  await sendFirst();
  expect((await left()).length).toBe(transactions.length - 1);
});

test('a base fee above the most that is allowed sends nothing; between that and twice of it the most is offered', async () => {
  world = await openBareChain();
  await world.call('anvil_setNextBlockBaseFeePerGas', ['0x77359400']);
  await world.call('anvil_mine');
  await expect(sendFirst({ ...QUICK, feeWeiMax: 10n ** 9n })).rejects.toMatchObject({
    code: 'deploy-fee',
    message: expect.stringContaining('above the 1000000000 that maxFeeGwei allows'),
  });
  expect(await world.rpc.client.getTransactionCount({ address: DEPLOYER.address, blockTag: 'pending' })).toBe(0);
  const landed = await sendFirst({ ...QUICK, feeWeiMax: 3n * 10n ** 9n });
  const { transaction } = [...landed.values()][0]!;
  expect(await world.rpc.client.getTransaction({ hash: transaction })).toMatchObject({ maxFeePerGas: 3n * 10n ** 9n });
});

test('an account without money is told so', async () => {
  world = await openBareChain();
  await world.call('anvil_setBalance', [DEPLOYER.address, '0x1']);
  await expect(sendFirst()).rejects.toMatchObject({
    code: 'deploy-balance',
    message: expect.stringMatching(/funds/i),
  });
});

test('an RPC that takes a transaction and fails to say so has taken it', async () => {
  world = await openBareChain();
  const { rpc } = world;
  const all = await left();
  const sendRawTransaction: typeof rpc.client.sendRawTransaction = async (request) => {
    await rpc.client.sendRawTransaction(request);
    throw new Error('timed out');
  };
  const deaf = { ...rpc, client: { ...rpc.client, sendRawTransaction } };
  const landed = await sendAll(deaf, world.wallet, all.slice(0, 1), QUICK, () => {});
  expect(landed.size).toBe(1);
  expect((await left()).length).toBe(all.length - 1);
});

test('a factory whose nonce something else took is planned anew', async () => {
  world = await openBareChain(['--disable-default-create2-deployer']);
  const planned = await left();
  const hash = await world.wallet.sendTransaction({ to: account(1).address, value: 1n });
  await world.rpc.client.waitForTransactionReceipt({ hash });
  await expect(sendFirst(QUICK, planned)).rejects.toMatchObject({ code: 'deploy-replaced' });
  await sendFirst();
  expect((await left()).length).toBe(planned.length - 1);
});
