import { encodeAbiParameters, encodeDeployData } from 'viem';
import { type Hex, toHex } from '../../protocol/bytes.ts';
import { encodeParameters, type Preset } from '../../protocol/parameters.ts';
import { type Artifact, constructorInputs } from './artifact.ts';
import { contractAddress, type Factory } from './factory.ts';

export type Artifacts = Readonly<Record<PlannedName | 'DeploymentFactory', Artifact>>;

/** Every contract of a deployment, in the order in which they are created. */
export const PLANNED = [
  'DevnetToken',
  'Erc20StakeSource',
  'WatcherRegistry',
  'MeasurementOracle',
  'EquivocationCourt',
  'ServiceRegistry',
  'SlaVault',
  'SlaMarket',
  'ObjectiveTemplates',
] as const;
export type PlannedName = (typeof PLANNED)[number];

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
  /** Tells deployments of one account apart; empty when undefined. */
  readonly salt?: string;
  /** Contracts that are there already: not created, and checked like the others. */
  readonly reuse?: Readonly<Partial<Record<PlannedName, Hex>>>;
};

/** 1 %. The vault takes at most 5 %. */
export const FEE_PPM = 10_000;
/** Bids are committed, revealed and matched in at least so many epochs each: ten minutes of 60-second epochs. */
export const PHASE_EPOCHS = 10;

/** Of the devnet's worthless token: a thousand million whole ones. */
const DEVNET_SUPPLY = 10n ** 27n;

/** One contract of a deployment. */
export type Step = {
  readonly name: PlannedName;
  readonly address: Hex;
  readonly artifact: Artifact;
  readonly args: readonly unknown[];
  /** ABI-encoded. */
  readonly encodedArgs: Hex;
  /** With the arguments. */
  readonly creationCode: Hex;
  readonly reused: boolean;
};

export type Plan = {
  readonly token: Hex;
  readonly steps: readonly Step[];
};

/**
 * The one list of contracts and constructor arguments. Addresses follow from names, so each can name any other: the registry
 * its court and the vault its market, which check in their constructors that they are named.
 */
export function planContracts(artifacts: Artifacts, factory: Factory, settings: DeploySettings): Plan {
  const { reuse = {}, salt = '' } = settings;
  const at = (name: PlannedName): Hex => reuse[name] ?? contractAddress(factory.address, salt, name);
  const token = settings.stakeToken ?? at('DevnetToken');
  const oracle = at('MeasurementOracle');
  const args: Readonly<Record<PlannedName, readonly unknown[]>> = {
    DevnetToken: [factory.deployer, DEVNET_SUPPLY],
    Erc20StakeSource: [token],
    WatcherRegistry: [
      at('Erc20StakeSource'),
      at('EquivocationCourt'),
      settings.stakeMin,
      settings.effectiveStakeCap,
      BigInt(settings.genesis),
      settings.epochSeconds,
      settings.activationDelayEpochs,
      settings.exitDelayEpochs,
    ],
    MeasurementOracle: [at('WatcherRegistry'), toHex(encodeParameters(settings.parameters))],
    EquivocationCourt: [oracle],
    ServiceRegistry: [at('WatcherRegistry')],
    // The oracle pays the watchers and keeps the values that the market reads.
    SlaVault: [oracle, at('ServiceRegistry'), oracle, settings.feePpm ?? FEE_PPM, at('SlaMarket')],
    SlaMarket: [at('SlaVault'), oracle, BigInt(settings.phaseEpochs ?? PHASE_EPOCHS)],
    ObjectiveTemplates: [],
  };
  const steps = PLANNED.filter((name) => name !== 'DevnetToken' || settings.stakeToken === undefined).map(
    (name): Step => {
      const artifact = artifacts[name];
      const { abi, bytecode } = artifact;
      const creationCode = encodeDeployData({ abi, bytecode, args: args[name] });
      const encodedArgs = encodeAbiParameters(constructorInputs(abi), args[name]);
      const reused = reuse[name] !== undefined;
      return { name, address: at(name), artifact, args: args[name], encodedArgs, creationCode, reused };
    },
  );
  return { token, steps };
}
