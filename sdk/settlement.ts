import { type Address, parseEventLogs, type TransactionReceipt } from 'viem';
import { slaVaultAbi } from '../protocol/abi.ts';
import type { Hex } from '../protocol/bytes.ts';
import { VERDICT } from '../protocol/settlement.ts';
import { ownLogs } from './own-logs.ts';

/** How a period ended. */
export type OutcomeName = keyof typeof VERDICT;

/** A period that was settled. Amounts in the token's smallest unit; they are owed, and `withdraw` of the vault pays them. */
export type Settled = {
  readonly agreementId: bigint;
  /** From 0. */
  readonly period: number;
  readonly outcome: OutcomeName;
  /** The fee is taken off. */
  readonly paidToProvider: bigint;
  /** Of the price. */
  readonly returnedToCustomer: bigint;
  /** Of the bond, to the customer. */
  readonly slashed: bigint;
  /** For the watchers. */
  readonly fee: bigint;
  readonly txHash: Hex;
};

/** Every period that a transaction settled in a vault. */
export function settledIn(receipt: TransactionReceipt, vault: Address): Settled[] {
  const logs = ownLogs(receipt, vault);
  return parseEventLogs({ abi: slaVaultAbi, eventName: 'PeriodSettled', logs }).map(({ args }) => ({
    ...args,
    outcome: nameOf(args.outcome),
    txHash: receipt.transactionHash,
  }));
}

function nameOf(outcome: number): OutcomeName {
  return (Object.keys(VERDICT) as OutcomeName[]).find((name) => VERDICT[name] === outcome) ?? 'pending';
}
