import type { Abi } from 'viem';
import {
  aggregatorV3AdapterAbi,
  deploymentFactoryAbi,
  devnetTokenAbi,
  equivocationCourtAbi,
  erc20StakeSourceAbi,
  failoverRouterAbi,
  measurementOracleAbi,
  objectiveTemplatesAbi,
  serviceRegistryAbi,
  slaMarketAbi,
  slaVaultAbi,
  watcherRegistryAbi,
} from '../protocol/abi.ts';

/** Of every contract; the token's are those of every ERC-20 of OpenZeppelin. */
const ITEMS = [
  ...measurementOracleAbi,
  ...slaVaultAbi,
  ...slaMarketAbi,
  ...serviceRegistryAbi,
  ...watcherRegistryAbi,
  ...erc20StakeSourceAbi,
  ...equivocationCourtAbi,
  ...objectiveTemplatesAbi,
  ...aggregatorV3AdapterAbi,
  ...failoverRouterAbi,
  ...devnetTokenAbi,
  ...deploymentFactoryAbi,
] as const;

type ErrorItem = Extract<(typeof ITEMS)[number], { type: 'error' }>;
/** The name of an error that a contract of Plumbline can revert with. */
export type ContractErrorName = ErrorItem['name'];

type AbiError = Extract<Abi[number], { type: 'error' }>;

/** Each once: contracts pass on what others gave them, and share some. */
export const CONTRACT_ERRORS: readonly AbiError[] = [
  ...new Map(ITEMS.filter(isError).map((item) => [signatureOf(item), item])).values(),
];

function isError(item: (typeof ITEMS)[number]): item is ErrorItem {
  return item.type === 'error';
}

function signatureOf({ name, inputs }: AbiError): string {
  return `${name}(${inputs.map(({ type }) => type).join(',')})`;
}
