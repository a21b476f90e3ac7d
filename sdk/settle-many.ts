import { parseEventLogs } from 'viem';
import { estimateContractGas, simulateContract } from 'viem/actions';
import { slaVaultAbi } from '../protocol/abi.ts';
import type { Hex } from '../protocol/bytes.ts';
import { PlumblineError } from '../protocol/error.ts';
import { leafToAbi } from '../protocol/leaf.ts';
import type { WritingClient } from './clients.ts';
import type { Deployment } from './deployment.ts';
import { failureOf } from './failure.ts';
import { keptRootArgs } from './kept-root.ts';
import { ownLogs } from './own-logs.ts';
import { decodeRefusal, type Refusal } from './refusal.ts';
import { send } from './send.ts';
import type { Claim } from './settle.ts';
import { type Settled, settledIn } from './settlement.ts';

/** The vault takes no more in one call. */
export const CLAIMS_MAX = 64;
/**
 * Added to each claim's own estimate. An estimate of the whole cannot be relied on: the vault goes on when one claim fails, also for
 * want of gas, so a node that searches for the least gas that does not revert may find one with which claims fail. What one claim
 * leaves to do for the next, as the end of an agreement does, takes less than this.
 */
export const CLAIM_SPARE_GAS = 80_000n;

export type Refused = {
  readonly agreementId: bigint;
  readonly period: number;
  /** A Refusal where the vault said no. */
  readonly error: PlumblineError;
};

export type SettledMany = {
  readonly settled: readonly Settled[];
  readonly refused: readonly Refused[];
  /** Undefined when no claim could be settled: then nothing was sent. */
  readonly txHash: Hex | undefined;
};

/**
 * Settles periods of any agreements in one transaction. Each is judged alone: claims that would be refused are left out and
 * returned with the reason, and so is one that somebody else settles first.
 * @param claims 1 to CLAIMS_MAX
 * @throws PlumblineError `field` for another number of claims; `not-included`, `replaced`, `reverted`, `no-contract`, `rpc`
 */
export async function settleMany(
  client: WritingClient,
  { deployment, claims }: { readonly deployment: Pick<Deployment, 'vault'>; readonly claims: readonly Claim[] },
): Promise<SettledMany> {
  if (claims.length < 1 || claims.length > CLAIMS_MAX) {
    throw new PlumblineError('field', `${claims.length} claims: give 1 to ${CLAIMS_MAX}`, { claims: claims.length });
  }
  const { vault } = deployment;
  const tried = await Promise.all(claims.map((claim) => tryAlone(client, vault, claim)));
  const refused = tried.flatMap((one) => ('error' in one ? [one] : []));
  const ready = tried.flatMap((one) => ('gas' in one ? [one] : []));
  if (ready.length === 0) return { settled: [], refused, txHash: undefined };
  const receipt = await send(
    client,
    'settleMany',
    () =>
      simulateContract(client, {
        account: client.account,
        address: vault,
        abi: slaVaultAbi,
        functionName: 'settleMany',
        args: [ready.map(({ claim }) => abiClaim(claim))],
      }),
    { gas: ready.reduce((sum, { gas }) => sum + gas + CLAIM_SPARE_GAS, 0n) },
  );
  const events = parseEventLogs({ abi: slaVaultAbi, eventName: 'SettlementRefused', logs: ownLogs(receipt, vault) });
  const overtaken = events.map(({ args: { agreementId, period, reason } }) => {
    const error: Refusal = decodeRefusal('settle', reason);
    return { agreementId, period, error };
  });
  return { settled: settledIn(receipt, vault), refused: [...refused, ...overtaken], txHash: receipt.transactionHash };
}

/** What a claim would cost by itself, or why it would be refused. */
async function tryAlone(
  client: WritingClient,
  vault: Hex,
  claim: Claim,
): Promise<Refused | { readonly claim: Claim; readonly gas: bigint }> {
  const { agreementId, period, leaf } = claim;
  try {
    const args = [agreementId, period, ...keptRootArgs(leaf)] as const;
    const call = { address: vault, abi: slaVaultAbi, functionName: 'settle', args, account: client.account } as const;
    return { claim, gas: await estimateContractGas(client, call) };
  } catch (error) {
    const failure = failureOf('settle', error);
    if (failure.code === 'rpc' || failure.code === 'no-contract') throw failure;
    return { agreementId, period, error: failure };
  }
}

function abiClaim({ agreementId, period, leaf }: Claim) {
  const { reportEpoch, proof } = leaf;
  return { agreementId, period, reportEpoch: BigInt(reportEpoch), leaf: leafToAbi(leaf.leaf), proof };
}
