import { simulateContract } from 'viem/actions';
import { slaVaultAbi } from '../protocol/abi.ts';
import type { WritingClient } from './clients.ts';
import type { Deployment } from './deployment.ts';
import { keptRootArgs } from './kept-root.ts';
import { noEvent } from './no-event.ts';
import type { ProvenLeaf } from './prove-leaf.ts';
import { send } from './send.ts';
import { type Settled, settledIn } from './settlement.ts';

/** A period and the leaf of its window. */
export type Claim = {
  readonly agreementId: bigint;
  /** From 0. */
  readonly period: number;
  /** From `proveLeaf`, over the window that `periodTimes` of the vault gives. */
  readonly leaf: ProvenLeaf;
};

/**
 * Ends a period of an agreement by its leaf. Anyone may, once a period, and it pays the same whoever does; from the end of the
 * report's epoch plus the agreement's `settleDelayEpochs` on, until 8,192 epochs after the window's end.
 * @throws Refusal, mostly `SettleDelayRunning`, `PeriodAlreadySettled`, `PeriodExpired`, `ProofRejected`
 * @throws PlumblineError `root-not-kept`; `not-included`, `replaced`, `reverted`, `no-event`, `no-contract`, `rpc`
 */
export async function settle(
  client: WritingClient,
  { deployment, ...claim }: Claim & { readonly deployment: Pick<Deployment, 'vault'> },
): Promise<Settled> {
  const args = [claim.agreementId, claim.period, ...keptRootArgs(claim.leaf)] as const;
  const receipt = await send(client, 'settle', () =>
    simulateContract(client, {
      account: client.account,
      address: deployment.vault,
      abi: slaVaultAbi,
      functionName: 'settle',
      args,
    }),
  );
  const [settled] = settledIn(receipt, deployment.vault);
  return settled ?? noEvent('settle', deployment.vault, receipt);
}
