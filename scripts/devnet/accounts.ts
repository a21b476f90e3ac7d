import { mnemonicToAccount } from 'viem/accounts';
import { type Hex, toHex } from '../../protocol/bytes.ts';

/** anvil's well-known test phrase: its accounts hold play money on devnets and nothing anywhere else. */
const MNEMONIC = 'test test test test test test test test test test test junk';

export type Account = { readonly address: Hex; readonly privateKey: Hex };

export function account(index: number): Account {
  const derived = mnemonicToAccount(MNEMONIC, { addressIndex: index });
  return { address: derived.address, privateKey: toHex(derived.getHdKey().privateKey!) };
}

/** Who is who. anvil must be started with at least `accountsNeeded(watchers)` accounts. */
export const DEPLOYER = 0;
export const CUSTOMER = 1;
export const KEEPER = 2;
export const AGGREGATOR = 3;
export const providerIndex = (service: number): number => 4 + service;
export const operatorIndex = (watcher: number): number => 16 + watcher;
export const accountsNeeded = (watchers: number): number => operatorIndex(watchers);
