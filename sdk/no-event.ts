import type { Address, TransactionReceipt } from 'viem';
import { PlumblineError } from '../protocol/error.ts';

/** @throws PlumblineError `no-event`: a transaction succeeded and did not say so, as only another contract would */
export function noEvent(what: string, contract: Address, { transactionHash }: TransactionReceipt): never {
  const text = `${what}: transaction ${transactionHash} was included and has no event of it: is ${contract} of this release?`;
  throw new PlumblineError('no-event', text, { txHash: transactionHash, contract });
}
