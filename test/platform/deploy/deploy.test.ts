import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { deployContracts, readState, sendAll } from '../../../platform/deploy/deploy.ts';
import { contractAddress, findFactory, nameOf } from '../../../platform/deploy/factory.ts';
import { argumentsOf } from '../../../platform/deploy/inspect.ts';
import { locate } from '../../../platform/deploy/locate.ts';
import { PLANNED } from '../../../platform/deploy/plan.ts';
import { estimate, simulate } from '../../../platform/deploy/simulate.ts';
import { deploymentFactoryAbi, erc20StakeSourceAbi } from '../../../protocol/abi.ts';
import type { Hex } from '../../../protocol/bytes.ts';
import { account } from '../../../scripts/devnet/accounts.ts';
import { DEPLOYER, openBareChain, SENDING, settingsWith } from './world.ts';

let world: Awaited<ReturnType<typeof openBareChain>>;
beforeAll(async () => {
  world = await openBareChain();
});
afterAll(() => world?.anvil.stop());

const stateOf = (changed: Parameters<typeof settingsWith>[0]) =>
  readState(world.rpc, world.artifacts, DEPLOYER.address, settingsWith(changed));

test('every constructor argument can be read back, but for those of the worthless token', () => {
  const hidden = PLANNED.filter((name) => {
    const { abi } = world.artifacts[name];
    const inputs = abi.find((item) => item.type === 'constructor')?.inputs ?? [];
    return argumentsOf(abi).length < inputs.length;
  });
  expect(hidden).toEqual(['DevnetToken']);
});

describe('a deployment', () => {
  test('stopped after each of its transactions goes on where it was, and ends as the plan says', async () => {
    const settings = settingsWith({ salt: 'stopped' });
    const planned = await stateOf({ salt: 'stopped' });
    const simulated = await simulate(world.rpc, world.artifacts, DEPLOYER.address, planned.transactions);
    const names: string[] = [];
    for (let left = planned.transactions.length; left > 0; left--) {
      // Nothing is remembered between the turns: each reads the chain as a new process does.
      const { transactions } = await readState(world.rpc, world.artifacts, DEPLOYER.address, settings);
      expect(transactions.length).toBe(left);
      const gas = await estimate(world.rpc, DEPLOYER.address, transactions[0]!);
      // An estimate is a limit; what is spent lies below it by what a call inside may not have (1/64 for each level).
      const expected = Number(simulated[names.length]!.gas);
      expect(Number(gas) / expected).toBeGreaterThan(0.99);
      expect(Number(gas) / expected).toBeLessThan(1.1);
      await sendAll(world.rpc, world.wallet, transactions.slice(0, 1), SENDING, ({ name }, landed) => {
        if (landed) names.push(name);
      });
    }
    expect(names.slice(-PLANNED.length)).toEqual(PLANNED);
    const { found, plan, transactions } = await stateOf({ salt: 'stopped' });
    expect(transactions).toEqual([]);
    expect(found.every((one) => one !== undefined)).toBe(true);
    expect(plan.steps.map(({ address }) => address)).toEqual(planned.plan.steps.map(({ address }) => address));
    const nonce = await world.rpc.client.getTransactionCount({ address: DEPLOYER.address });
    // A second run has nothing to do.
    await deployContracts(world.rpc, world.wallet, world.artifacts, settings);
    expect(await world.rpc.client.getTransactionCount({ address: DEPLOYER.address })).toBe(nonce);
  });

  test.each([
    ['stakeMin', { stakeMin: 2n }, 'WatcherRegistry', /its stakeMin is 1000000000000000000, planned is 2:/],
    ['genesis', { genesis: 2_000_000_060 }, 'WatcherRegistry', /its genesis is 2000000000, planned is 2000000060/],
    ['feePpm', { feePpm: 1 }, 'SlaVault', /its feePpm is 10000, planned is 1:/],
    ['phaseEpochs', { phaseEpochs: 11 }, 'SlaMarket', /its phaseEpochsMin is 10, planned is 11/],
  ])('with another %s than the one that stands is refused', async (_, changed, name, message) => {
    await deployContracts(world.rpc, world.wallet, world.artifacts, settingsWith({ salt: 'other' }));
    await expect(stateOf({ salt: 'other', ...changed })).rejects.toMatchObject({
      code: 'deploy-differs',
      evidence: { name },
      message: expect.stringMatching(message),
    });
  });

  test('whose code on chain is another is refused, and the contract named', async () => {
    await deployContracts(world.rpc, world.wallet, world.artifacts, settingsWith({ salt: 'code' }));
    const { plan, found } = await stateOf({ salt: 'code' });
    const at = PLANNED.indexOf('SlaVault');
    const [{ address }, { code }] = [plan.steps[at]!, found[at]!];
    await world.call('anvil_setCode', [address, `${code.slice(0, -2)}00`]);
    await expect(stateOf({ salt: 'code' })).rejects.toMatchObject({
      code: 'deploy-differs',
      evidence: { name: 'SlaVault', address },
    });
    await world.call('anvil_setCode', [address, code]);
    await stateOf({ salt: 'code' });
  });

  test('builds on contracts that are there, and refuses an address without code', async () => {
    const first = await deployContracts(world.rpc, world.wallet, world.artifacts, settingsWith({ salt: 'first' }));
    const { plan } = await stateOf({ salt: 'first' });
    const court = plan.steps.find(({ name }) => name === 'EquivocationCourt')!.address;
    const source = plan.steps.find(({ name }) => name === 'Erc20StakeSource')!.address;
    const reuse = {
      Erc20StakeSource: source,
      WatcherRegistry: first.registry,
      MeasurementOracle: first.oracle,
      EquivocationCourt: court,
    };
    const second = settingsWith({ salt: 'second', stakeToken: first.token, reuse });
    const deployed = await deployContracts(world.rpc, world.wallet, world.artifacts, second);
    expect([deployed.registry, deployed.oracle]).toEqual([first.registry, first.oracle]);
    expect(deployed.vault).not.toBe(first.vault);
    // The registry names the first court for ever.
    await expect(
      stateOf({
        salt: 'third',
        stakeToken: first.token,
        reuse: { Erc20StakeSource: source, WatcherRegistry: first.registry },
      }),
    ).rejects.toMatchObject({ code: 'deploy-differs', message: expect.stringContaining('WatcherRegistry') });
    const nowhere: Hex = `0x${'12'.repeat(20)}`;
    await expect(stateOf({ salt: 'fourth', reuse: { ObjectiveTemplates: nowhere } })).rejects.toMatchObject({
      code: 'deploy-differs',
      message: expect.stringContaining('no code'),
    });
  });
});

describe('a dry run', () => {
  test.each([
    ['WatcherRegistry', { stakeMin: 0n }, 'InvalidConfiguration(stakeMin)'],
    ['WatcherRegistry', { stakeMin: 10n ** 22n }, 'InvalidConfiguration(effectiveStakeCap)'],
    ['SlaVault', { feePpm: 50_001 }, 'FieldOutOfBounds(feePpm, 50001, 0, 50000)'],
    ['SlaMarket', { phaseEpochs: 0 }, 'FieldOutOfBounds(phaseEpochsMin, 0, 1, 43200)'],
  ])('says why the constructor of %s refuses', async (name, changed, reason) => {
    const { transactions } = await stateOf({ salt: 'refused', ...changed });
    await expect(simulate(world.rpc, world.artifacts, DEPLOYER.address, transactions)).rejects.toMatchObject({
      code: 'deploy',
      message: expect.stringContaining(`${name} cannot be created: ${reason}`),
      evidence: { name },
    });
  });

  test('on an RPC without eth_simulateV1 gives bounds that hold', async () => {
    const { transactions } = await stateOf({ salt: 'bounds' });
    const simulated = await simulate(world.rpc, world.artifacts, DEPLOYER.address, transactions);
    const request = async (asked: { method: string }, options: unknown) => {
      if (asked.method === 'eth_simulateV1') throw new Error('no such method');
      return await (world.rpc.client.request as (a: unknown, b: unknown) => Promise<unknown>)(asked, options);
    };
    const old = { ...world.rpc, client: { ...world.rpc.client, request } as typeof world.rpc.client };
    const bounds = await simulate(old, world.artifacts, DEPLOYER.address, transactions);
    expect(bounds.map(({ how }) => how)).toEqual(['simulated', ...transactions.slice(1).map(() => 'bound')]);
    const low = transactions.filter((_, i) => bounds[i]!.gas < simulated[i]!.gas).map(({ name }) => name);
    expect(low).toEqual([]);
  });
});

describe('addresses', () => {
  test('are those that the factory itself tells', async () => {
    await deployContracts(world.rpc, world.wallet, world.artifacts, settingsWith({ salt: 'told' }));
    const factory = await findFactory(world.rpc, world.artifacts.DeploymentFactory, DEPLOYER.address);
    expect(factory.exists).toBe(true);
    const call = { address: factory.address, abi: deploymentFactoryAbi, functionName: 'addressOf' } as const;
    for (const name of PLANNED) {
      const told = await world.rpc.client.readContract({ ...call, args: [nameOf('told', name)] });
      expect(told.toLowerCase()).toBe(contractAddress(factory.address, 'told', name));
    }
  });

  test('are another account’s own, though it takes the same salt', async () => {
    const mine = await findFactory(world.rpc, world.artifacts.DeploymentFactory, DEPLOYER.address);
    const other = await findFactory(world.rpc, world.artifacts.DeploymentFactory, account(1).address);
    expect(other.address).not.toBe(mine.address);
    expect(other.exists).toBe(false);
  });

  test('come from the account’s own creations where there is no CREATE2 proxy, and are found again', async () => {
    const bare = await openBareChain(['--disable-default-create2-deployer']);
    try {
      const { rpc, artifacts, wallet } = bare;
      const read_ = () => readState(rpc, artifacts, DEPLOYER.address, settingsWith());
      // The account is no new one.
      for (let i = 0; i < 3; i++) {
        const hash = await wallet.sendTransaction({ to: account(1).address, value: 1n });
        await rpc.client.waitForTransactionReceipt({ hash });
      }
      const before = await read_();
      expect(before.factory).toMatchObject({ exists: false, transaction: { to: undefined, nonce: 3 } });
      await sendAll(rpc, wallet, before.transactions.slice(0, 2), SENDING, () => {});
      const half = await read_();
      expect(half.factory).toMatchObject({ exists: true, address: before.factory.address });
      expect(half.transactions.length).toBe(before.transactions.length - 2);
      await deployContracts(rpc, wallet, artifacts, settingsWith());
      expect((await read_()).transactions).toEqual([]);
    } finally {
      await bare.anvil.stop();
    }
  });

  test('are told by the factory’s events, which also say when', async () => {
    const deployed = await deployContracts(world.rpc, world.wallet, world.artifacts, settingsWith({ salt: 'events' }));
    const { factory } = await stateOf({ salt: 'events' });
    const found = await locate(world.rpc, factory.address, 'events', PLANNED, 4);
    expect([...found.keys()].sort()).toEqual([...PLANNED].sort());
    const { transaction, block } = found.get('DevnetToken')!;
    expect(deployed.deployBlock).toBeLessThanOrEqual(block);
    const receipt = await world.rpc.client.getTransactionReceipt({ hash: transaction });
    expect([receipt.status, Number(receipt.blockNumber)]).toEqual(['success', block]);
    await expect(locate(world.rpc, factory.address, 'never', PLANNED)).rejects.toMatchObject({ code: 'deploy-record' });
  });
});

test('a stranger who binds the stake source first is named', async () => {
  const { plan, transactions } = await stateOf({ salt: 'bound' });
  await sendAll(world.rpc, world.wallet, transactions.slice(0, 2), SENDING, () => {});
  const source = plan.steps.find(({ name }) => name === 'Erc20StakeSource')!.address;
  const hash = await world.wallet.writeContract({ address: source, abi: erc20StakeSourceAbi, functionName: 'bind' });
  await world.rpc.client.waitForTransactionReceipt({ hash });
  const left = await stateOf({ salt: 'bound' });
  await expect(simulate(world.rpc, world.artifacts, DEPLOYER.address, left.transactions)).rejects.toMatchObject({
    message: expect.stringContaining(`WatcherRegistry cannot be created: AlreadyBound(${DEPLOYER.address})`),
  });
});
