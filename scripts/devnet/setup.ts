import { type Abi, encodeFunctionData, getAddress } from 'viem';
import type { Bls } from '../../platform/bls/bls.ts';
import { type Rpc, revertReason, walletOf } from '../../platform/chain/client.ts';
import { type Deployed, deployContracts } from '../../platform/deploy/deploy.ts';
import { devnetTokenAbi, serviceRegistryAbi, slaVaultAbi, watcherRegistryAbi } from '../../protocol/abi.ts';
import { fromHex, type Hex, keccak, toHex } from '../../protocol/bytes.ts';
import { possessionDigest } from '../../protocol/digest.ts';
import { PlumblineError } from '../../protocol/error.ts';
import { MINIMAL } from '../../protocol/parameters.ts';
import type { Objective } from '../../protocol/settlement.ts';
import type { CompiledContracts } from '../compile.ts';
import { type Account, account, CUSTOMER, DEPLOYER, KEEPER, operatorIndex, providerIndex } from './accounts.ts';
import { genesisLeadSeconds, MONEY, ROUTE, SETTLE_WINDOW_EPOCHS, STAKE } from './plan.ts';
import { deployRouter } from './router.ts';

export type WatcherKey = { readonly secretKey: Uint8Array; readonly operatorId: string };
/** A watcher as it registers: its key, and where it will listen. */
export type JoiningWatcher = WatcherKey & { readonly address: string };
export type ListedService = {
  readonly name: string;
  readonly url: string;
  readonly provider: Hex;
  readonly serviceId: Hex;
  readonly agreementId: bigint;
};
export type World = {
  readonly deployed: Deployed;
  readonly genesis: number;
  readonly services: readonly ListedService[];
  /** The FailoverRouter over the services of ROUTE. */
  readonly router: Hex;
};

type Call = { readonly to: Hex; readonly abi: Abi; readonly functionName: string; readonly args: readonly unknown[] };

/** Sends an actor's calls in order, without waiting in between, then waits for all. */
async function act(rpc: Rpc, actor: Account, calls: readonly Call[]) {
  const wallet = walletOf(rpc, actor.privateKey);
  let nonce = await rpc.client.getTransactionCount({ address: actor.address });
  const hashes: Hex[] = [];
  for (const { to, abi, functionName, args } of calls) {
    const data = encodeFunctionData({ abi, functionName, args });
    try {
      // A fixed limit: estimating would fail for a call that needs the one before it.
      hashes.push(await wallet.sendTransaction({ to, data, nonce: nonce++, gas: GAS_LIMIT }));
    } catch (error) {
      throw new PlumblineError('devnet-setup', `${functionName} was not taken: ${revertReason(error)}`, {}, error);
    }
  }
  const receipts = await Promise.all(hashes.map((hash) => rpc.client.waitForTransactionReceipt({ hash })));
  const failed = receipts.findIndex(({ status }) => status !== 'success');
  if (failed >= 0)
    throw new PlumblineError('devnet-setup', `${calls[failed]!.functionName} reverted`, { hash: hashes[failed] });
  return receipts;
}

const GAS_LIMIT = 3_000_000n;
const MAX_UINT = 2n ** 256n - 1n;

/** What a provider registers, and promises. */
export type Offer = {
  readonly name: string;
  readonly config: {
    readonly kind: number;
    readonly url: string;
    readonly method: string;
    readonly slotsPerEpoch: number;
    readonly timeoutMillis: number;
    readonly expectedStatus: number;
    readonly extra: Hex;
  };
  readonly objectives: readonly Objective[];
};

export type SetUp = {
  readonly rpc: Rpc;
  readonly bls: Bls;
  readonly artifacts: CompiledContracts;
  readonly watchers: readonly JoiningWatcher[];
  readonly services: readonly Offer[];
  readonly onStep: (text: string) => void;
};

/** A machine that needs more than eight times the usual time would not keep a 4 s epoch either. */
export const SET_UPS_MAX = 4;

/**
 * Deploys the contracts with a genesis a few seconds ahead, and gives everybody seats, services and agreements. On a machine
 * so busy that the genesis passes meanwhile, agreements may come too late for their first window: then all is deployed once
 * more, each time with twice the lead.
 * @throws PlumblineError `devnet-setup` when a step fails for another reason, or too late SET_UPS_MAX times
 */
export async function setUpWorld(options: SetUp): Promise<World> {
  for (let attempt = 0; ; attempt++) {
    const leadSeconds = genesisLeadSeconds(options.watchers.length) * 2 ** attempt;
    const genesis = Math.ceil(Date.now() / 1000) + leadSeconds;
    try {
      return await setUpBefore(genesis, `${attempt}`, options);
    } catch (error) {
      if (Date.now() < genesis * 1000 || attempt + 1 === SET_UPS_MAX) throw error;
      options.onStep(`setting up took longer than ${leadSeconds} s; once more with twice the time`);
    }
  }
}

/** @param salt gives the contracts addresses of their own */
async function setUpBefore(genesis: number, salt: string, options: SetUp): Promise<World> {
  const { rpc, artifacts, watchers, services, onStep } = options;
  onStep('deploying the contracts');
  const deployed = await deployContracts(rpc, walletOf(rpc, account(DEPLOYER).privateKey), artifacts, {
    ...MINIMAL,
    salt,
    genesis,
    stakeToken: undefined,
    stakeMin: STAKE.min,
    effectiveStakeCap: STAKE.cap,
    activationDelayEpochs: 2,
    exitDelayEpochs: 8,
  });
  onStep('registering watchers and services');
  await fund(rpc, deployed, watchers.length, services.length);
  await Promise.all([
    ...watchers.map((watcher, i) => joinWatcher(options.bls, rpc, deployed, watcher, account(operatorIndex(i)))),
  ]);
  await act(rpc, account(KEEPER), [{ to: deployed.registry, abi: watcherRegistryAbi, functionName: 'seal', args: [] }]);
  onStep('escrowing prices and bonds');
  const listed = await Promise.all(services.map((service, i) => list(rpc, deployed, service, i)));
  const agreements = await accept(
    rpc,
    deployed,
    listed.map(({ offerId }) => offerId),
  );
  const route = ROUTE.map((name) => listed.find((service) => service.name === name)!.serviceId);
  const deployer = walletOf(rpc, account(DEPLOYER).privateKey);
  const router = await deployRouter(rpc, deployer, artifacts.FailoverRouter, deployed.oracle, route);
  return {
    deployed,
    genesis,
    router,
    services: listed.map(({ name, url, provider, serviceId }, i) => ({
      name,
      url,
      provider,
      serviceId,
      agreementId: agreements[i]!,
    })),
  };
}

async function fund(rpc: Rpc, { token }: Deployed, watchers: number, services: number): Promise<void> {
  const transfer = (to: Hex, amount: bigint): Call => ({
    to: token,
    abi: devnetTokenAbi,
    functionName: 'transfer',
    args: [to, amount],
  });
  const price = MONEY.pricePerPeriod * BigInt(MONEY.periods);
  await act(rpc, account(DEPLOYER), [
    ...Array.from({ length: watchers }, (_, i) => transfer(account(operatorIndex(i)).address, STAKE.each)),
    ...Array.from({ length: services }, (_, i) => transfer(account(providerIndex(i)).address, MONEY.bond)),
    transfer(account(CUSTOMER).address, price * BigInt(services)),
  ]);
}

/** One at a time takes the lowest free seat; seats follow the order in which these land, not the watcher's number. */
async function joinWatcher(
  bls: Bls,
  rpc: Rpc,
  deployed: Deployed,
  key: JoiningWatcher,
  operator: Account,
): Promise<void> {
  const publicKey = bls.publicKeyToEvm(bls.publicKey(key.secretKey));
  const digest = possessionDigest(rpc.chainId, fromHex(deployed.registry), operator.address, keccak(publicKey));
  const proof = bls.signatureToEvm(bls.prove(key.secretKey, digest));
  const operatorId = toHex(Buffer.from(key.operatorId.padEnd(32, '\0').slice(0, 32)));
  const metadata = { operatorId, region: 0, asn: 0, uri: '', addresses: [key.address] };
  const source = await rpc.client.readContract({
    address: deployed.registry,
    abi: watcherRegistryAbi,
    functionName: 'stakeSource',
  });
  await act(rpc, operator, [
    approve(deployed.token, source),
    {
      to: deployed.registry,
      abi: watcherRegistryAbi,
      functionName: 'register',
      args: [toHex(publicKey), toHex(proof), STAKE.each, metadata],
    },
  ]);
}

async function list(rpc: Rpc, deployed: Deployed, { name, config: own, objectives }: Offer, index: number) {
  const provider = account(providerIndex(index));
  const config = { ...own, bodyDigest: `0x${'00'.repeat(32)}` };
  await act(rpc, provider, [
    { to: deployed.services, abi: serviceRegistryAbi, functionName: 'register', args: [config] },
    approve(deployed.token, deployed.vault),
  ]);
  const registered = await rpc.client.getContractEvents({
    address: deployed.services,
    abi: serviceRegistryAbi,
    eventName: 'ServiceRegistered',
    args: { provider: provider.address },
    fromBlock: BigInt(deployed.deployBlock),
    strict: true,
  });
  const serviceId = registered.at(-1)!.args.serviceId;
  const terms = {
    serviceId,
    token: deployed.token,
    vantage: 0,
    windowEpochs: SETTLE_WINDOW_EPOCHS,
    periods: MONEY.periods,
    pricePerPeriod: MONEY.pricePerPeriod,
    bond: MONEY.bond,
    slashPerPeriod: MONEY.slashPerPeriod,
    creditPpm: MONEY.creditPpm,
    settleDelayEpochs: 0,
    voidsInRowMax: MONEY.voidsInRowMax,
    noticeWindows: 1,
    extend: false,
    objectives,
  };
  await act(rpc, provider, [{ to: deployed.vault, abi: slaVaultAbi, functionName: 'offer', args: [terms] }]);
  const offers = await rpc.client.getContractEvents({
    address: deployed.vault,
    abi: slaVaultAbi,
    eventName: 'Offered',
    args: { provider: getAddress(provider.address) },
    fromBlock: BigInt(deployed.deployBlock),
    strict: true,
  });
  return { name, url: own.url, provider: provider.address, serviceId, offerId: offers.at(-1)!.args.offerId };
}

/** The customer takes every offer from the first window that has not started. The agreement keeps the offer's id. */
async function accept(rpc: Rpc, deployed: Deployed, offers: readonly bigint[]): Promise<bigint[]> {
  await act(rpc, account(CUSTOMER), [
    approve(deployed.token, deployed.vault),
    ...offers.map(
      (id): Call => ({
        to: deployed.vault,
        abi: slaVaultAbi,
        functionName: 'accept',
        args: [id, BigInt(SETTLE_WINDOW_EPOCHS)],
      }),
    ),
  ]);
  return [...offers];
}

function approve(token: Hex, spender: Hex): Call {
  return { to: token, abi: devnetTokenAbi, functionName: 'approve', args: [spender, MAX_UINT] };
}
