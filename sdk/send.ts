import type { Hash, ReplacementReturnType, TransactionReceipt, WriteContractParameters } from 'viem';
import { waitForTransactionReceipt, writeContract } from 'viem/actions';
import { PlumblineError } from '../protocol/error.ts';
import type { WritingClient } from './clients.ts';
import { failureOf, orFailure } from './failure.ts';

/** A transaction that is not included by then is reported and may still land: five minutes are many blocks everywhere. */
export const RECEIPT_TIMEOUT_MILLIS = 300_000;

export type SendOptions = {
  /** In units of gas; the client's estimate when undefined. */
  readonly gas?: bigint | undefined;
  /** After the simulation, before anything leaves: where a secret is kept. Nothing is sent when it throws. */
  readonly beforeSending?: (() => Promise<void>) | undefined;
};

/**
 * Simulates a call, sends it, and waits until it is included.
 * @param simulate `simulateContract` of the call, for the client's account
 * @throws Refusal with the contract's reason, before anything was sent wherever the state did not change in between
 * @throws PlumblineError `not-included` when the transaction is not included in time, `replaced` when another one of the account
 * took its place, `reverted` when it was included and failed for a reason that no longer shows; `no-contract`, `rpc`
 */
export async function send(
  client: WritingClient,
  what: string,
  simulate: () => Promise<{ request: unknown }>,
  { gas, beforeSending }: SendOptions = {},
): Promise<TransactionReceipt> {
  const { request } = await orFailure(what, simulate);
  await beforeSending?.();
  const call = { ...(request as WriteContractParameters), ...(gas === undefined ? {} : { gas }) };
  const hash = await orFailure(what, () => writeContract(client, call));
  const receipt = await included(client, what, hash);
  if (receipt.status === 'success') return receipt;
  // Somebody was faster: what the contract says now is mostly why.
  await simulate().catch((error: unknown) => {
    throw failureOf(`${what} (${hash})`, error);
  });
  throw new PlumblineError('reverted', `${what}: transaction ${hash} reverted; send it again`, { txHash: hash });
}

async function included(client: WritingClient, what: string, hash: Hash): Promise<TransactionReceipt> {
  let other: Hash | undefined;
  const onReplaced = ({ reason, transaction }: ReplacementReturnType): void => {
    // With another gas price it is the same call.
    if (reason !== 'repriced') other = transaction.hash;
  };
  let receipt: TransactionReceipt;
  try {
    receipt = await waitForTransactionReceipt(client, { hash, timeout: RECEIPT_TIMEOUT_MILLIS, onReplaced });
  } catch (error) {
    const text = `${what}: transaction ${hash} was sent, and is not known to be included: look for it before you send again`;
    throw new PlumblineError('not-included', text, { txHash: hash }, error);
  }
  if (other === undefined) return receipt;
  const text = `${what}: another transaction of the account took the place of ${hash}: look at what ${other} did`;
  throw new PlumblineError('replaced', text, { txHash: hash, by: other });
}
