import { type Address, isAddressEqual, type Log, type TransactionReceipt } from 'viem';

/** The logs of one contract: a token or a wallet may emit events of the same name. */
export function ownLogs({ logs }: TransactionReceipt, contract: Address): Log[] {
  return logs.filter(({ address }) => isAddressEqual(address, contract));
}
