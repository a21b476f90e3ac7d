import { type Abi, getContractAddress } from 'viem';
import { type Hex, toHex } from '../../protocol/bytes.ts';
import { PlumblineError } from '../../protocol/error.ts';
import { encodeParameters, type Preset } from '../../protocol/parameters.ts';
import type { Rpc, Wallet } from './client.ts';
import { revertReason } from './client.ts';

/** Creation code and ABI by contract name; scripts/compile.ts makes them. */
export type Artifacts = Record<ContractName, { readonly abi: Abi; readonly bytecode: Hex }>;
type ContractName =
  | 'Erc20StakeSource'
  | 'WatcherRegistry'
  | 'ServiceRegistry'
  | 'MeasurementOracle'
  | 'EquivocationCourt'
  | 'SlaVault'
  | 'SlaMarket'
  | 'ObjectiveTemplates'
  | 'DevnetToken';

export type DeploySettings = Preset & {
  /** Unix seconds at which epoch 0 starts. */
  readonly genesis: number;
  /** ERC-20 that watchers stake; undefined deploys the devnet's token. */
  readonly stakeToken: Hex | undefined;
  readonly stakeMin: bigint;
  readonly effectiveStakeCap: bigint;
  readonly activationDelayEpochs: number;
  readonly exitDelayEpochs: number;
  /** Share of what providers are paid that goes to the watchers; FEE_PPM when undefined. */
  readonly feePpm?: number;
  /** Least length of the market's phases; PHASE_EPOCHS when undefined. */
  readonly phaseEpochs?: number;
};

/** 1 %. The vault takes at most 5 %. */
export const FEE_PPM = 10_000;
/** Bids are committed, revealed and matched in at least so many epochs each: ten minutes of 60-second epochs. */
export const PHASE_EPOCHS = 10;

export type Deployed = {
  readonly chainId: number;
  readonly deployBlock: number;
  readonly token: Hex;
  readonly registry: Hex;
  readonly services: Hex;
  readonly oracle: Hex;
  readonly vault: Hex;
  readonly market: Hex;
  readonly templates: Hex;
};

/** EIP-2537 G1ADD of two points at infinity: 256 zero bytes in, 128 zero bytes out. */
const G1ADD: Hex = '0x000000000000000000000000000000000000000b';
const G1ADD_INPUT: Hex = `0x${'00'.repeat(256)}`;
const G1ADD_OUTPUT: Hex = `0x${'00'.repeat(128)}`;

/**
 * Asks the chain for the BLS12-381 precompiles; without them an account without code answers with nothing.
 * @throws PlumblineError `no-precompiles`
 */
export async function requirePrecompiles({ client, chainId }: Rpc): Promise<void> {
  const { data } = await client.call({ to: G1ADD, data: G1ADD_INPUT });
  if (data === G1ADD_OUTPUT) return;
  throw new PlumblineError(
    'no-precompiles',
    `chain ${chainId} has no BLS12-381 precompiles (EIP-2537, hardfork Prague): choose a chain that has them`,
    { answer: data ?? '0x' },
  );
}

/** Transactions from the creation of the registry to that of its court: the oracle stands between them. */
const COURT_AFTER_REGISTRY = 2n;

const MARKET_AFTER_VAULT = 1n;

/** Of the devnet's worthless token: a thousand million whole ones. */
const DEVNET_SUPPLY = 10n ** 27n;

/** Deploys all contracts in order, waiting for each. @param onStep told the contract's name before each */
export async function deployContracts(
  rpc: Rpc,
  wallet: Wallet,
  artifacts: Artifacts,
  settings: DeploySettings,
  onStep: (name: string) => void = () => {},
): Promise<Deployed> {
  await requirePrecompiles(rpc);
  const deployBlock = Number(await rpc.client.getBlockNumber());
  const deploy = async (name: ContractName, args: readonly unknown[]): Promise<Hex> => {
    onStep(name);
    try {
      const { abi, bytecode } = artifacts[name];
      const hash = await wallet.deployContract({ abi, bytecode, args });
      const { contractAddress, status } = await rpc.client.waitForTransactionReceipt({ hash });
      if (status === 'success' && contractAddress) return contractAddress;
      throw new PlumblineError('deploy', `${name}: its creation reverted in ${hash}`);
    } catch (error) {
      if (error instanceof PlumblineError) throw error;
      throw new PlumblineError('deploy', `${name} cannot be deployed: ${revertReason(error)}`, { name }, error);
    }
  };
  const token = settings.stakeToken ?? (await deploy('DevnetToken', [DEVNET_SUPPLY]));
  const source = await deploy('Erc20StakeSource', [token]);
  // The registry names its court for ever, and the court checks that it is the one that the registry names: so its address is
  // computed here, and any transaction of this account in between makes the court's creation fail instead of another one rule.
  const { address: from } = wallet.account;
  const nonce = BigInt(await rpc.client.getTransactionCount({ address: from }));
  const court = getContractAddress({ from, nonce: nonce + COURT_AFTER_REGISTRY });
  const registry = await deploy('WatcherRegistry', [
    source,
    court,
    settings.stakeMin,
    settings.effectiveStakeCap,
    BigInt(settings.genesis),
    settings.epochSeconds,
    settings.activationDelayEpochs,
    settings.exitDelayEpochs,
  ]);
  const oracle = await deploy('MeasurementOracle', [registry, toHex(encodeParameters(settings.parameters))]);
  await deploy('EquivocationCourt', [oracle]);
  const services = await deploy('ServiceRegistry', [registry]);
  // The same for vault and market; the oracle pays the watchers and keeps the values that the market reads.
  const moneyNonce = BigInt(await rpc.client.getTransactionCount({ address: from }));
  const marketAhead = getContractAddress({ from, nonce: moneyNonce + MARKET_AFTER_VAULT });
  const vault = await deploy('SlaVault', [oracle, services, oracle, settings.feePpm ?? FEE_PPM, marketAhead]);
  const market = await deploy('SlaMarket', [vault, oracle, BigInt(settings.phaseEpochs ?? PHASE_EPOCHS)]);
  const templates = await deploy('ObjectiveTemplates', []);
  return { chainId: rpc.chainId, deployBlock, token, registry, services, oracle, vault, market, templates };
}
