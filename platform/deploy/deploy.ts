import type { Hex } from '../../protocol/bytes.ts';
import type { Rpc, Wallet } from '../chain/client.ts';
import { type Factory, findFactory } from './factory.ts';
import { type Found, inspect } from './inspect.ts';
import { type Artifacts, type DeploySettings, type Plan, type PlannedName, planContracts } from './plan.ts';
import { type Landed, type SendSettings, send } from './send.ts';
import { type Creation, transactionsOf } from './transactions.ts';

/** The addresses that nodes and consumers read. */
export type Deployed = {
  readonly chainId: number;
  /** The block of the first creation: no event of these contracts is earlier. */
  readonly deployBlock: number;
  readonly token: Hex;
  readonly registry: Hex;
  readonly services: Hex;
  readonly oracle: Hex;
  readonly vault: Hex;
  readonly market: Hex;
  readonly templates: Hex;
};

/** A plan held against a chain. */
export type State = {
  readonly factory: Factory;
  readonly plan: Plan;
  /** By step of the plan. */
  readonly found: readonly Found[];
  /** What is left to send. */
  readonly transactions: readonly Creation[];
};

/** Reads only. @throws PlumblineError `deploy-differs` when something else stands where the plan puts a contract */
export async function readState(
  rpc: Rpc,
  artifacts: Artifacts,
  deployer: Hex,
  settings: DeploySettings,
): Promise<State> {
  const factory = await findFactory(rpc, artifacts.DeploymentFactory, deployer.toLowerCase() as Hex);
  const plan = planContracts(artifacts, factory, settings);
  const found = await inspect(rpc, plan);
  return { factory, plan, found, transactions: transactionsOf(factory, plan, found, settings.salt ?? '') };
}

/** Sends what is left, one after the other. @param onStep told each before it is sent, and again when it landed */
export async function sendAll(
  rpc: Rpc,
  wallet: Wallet,
  transactions: readonly Creation[],
  settings: SendSettings,
  onStep: (creation: Creation, landed?: Landed) => void,
): Promise<ReadonlyMap<Creation['name'], Landed>> {
  const landed = new Map<Creation['name'], Landed>();
  for (const creation of transactions) {
    onStep(creation);
    const where = await send(rpc, wallet, creation, settings);
    landed.set(creation.name, where);
    onStep(creation, where);
  }
  return landed;
}

export function deployedOf(chainId: number, deployBlock: number, { token, steps }: Plan): Deployed {
  const at = (name: PlannedName): Hex => steps.find((step) => step.name === name)!.address;
  return {
    chainId,
    deployBlock,
    token,
    registry: at('WatcherRegistry'),
    services: at('ServiceRegistry'),
    oracle: at('MeasurementOracle'),
    vault: at('SlaVault'),
    market: at('SlaMarket'),
    templates: at('ObjectiveTemplates'),
  };
}

/** A devnet's blocks come when asked for. */
const AT_ONCE: SendSettings = { confirmations: 1, feeWeiMax: undefined, waitMillis: 60_000 };

/**
 * Everything on a chain of one's own, started with what the contracts need: no probes, no dry run. @param onStep told the contract's name before each
 */
export async function deployContracts(
  rpc: Rpc,
  wallet: Wallet,
  artifacts: Artifacts,
  settings: DeploySettings,
  onStep: (name: string) => void = () => {},
): Promise<Deployed> {
  const { plan, transactions } = await readState(rpc, artifacts, wallet.account.address, settings);
  const head = Number(await rpc.client.getBlockNumber());
  const landed = await sendAll(rpc, wallet, transactions, AT_ONCE, ({ name }, done) => {
    if (!done) onStep(name);
  });
  return deployedOf(rpc.chainId, Math.min(head, ...[...landed.values()].map(({ block }) => block)), plan);
}
