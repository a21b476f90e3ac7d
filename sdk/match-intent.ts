import { parseEventLogs } from 'viem';
import { simulateContract } from 'viem/actions';
import { slaMarketAbi } from '../protocol/abi.ts';
import type { Hex } from '../protocol/bytes.ts';
import type { WritingClient } from './clients.ts';
import type { Deployment } from './deployment.ts';
import { noEvent } from './no-event.ts';
import { ownLogs } from './own-logs.ts';
import { send } from './send.ts';

export type MatchedIntent = {
  /** Of the vault: what `settle` takes. */
  readonly agreementId: bigint;
  readonly provider: Hex;
  readonly serviceId: Hex;
  /** The winner's own price, token units. */
  readonly pricePerPeriod: bigint;
  readonly txHash: Hex;
};

/**
 * Makes an agreement of an intent and its best bid, in epochs from `revealUntil` on and before `firstWindowStart`. Anyone may. The
 * vault opens none that starts more than 4 windows ahead: with short windows wait until then.
 * @throws Refusal, mostly `OutsidePhase`, `NothingRevealed`, `WrongIntentStatus`, `WindowOutOfRange`
 * @throws PlumblineError `not-included`, `replaced`, `reverted`, `no-event`, `no-contract`, `rpc`
 */
export async function matchIntent(
  client: WritingClient,
  { deployment, intentId }: { readonly deployment: Pick<Deployment, 'market'>; readonly intentId: bigint },
): Promise<MatchedIntent> {
  const { market } = deployment;
  const receipt = await send(client, 'matchIntent', () =>
    simulateContract(client, {
      account: client.account,
      address: market,
      abi: slaMarketAbi,
      functionName: 'matchIntent',
      args: [intentId],
    }),
  );
  const [matched] = parseEventLogs({ abi: slaMarketAbi, eventName: 'Matched', logs: ownLogs(receipt, market) });
  if (!matched) return noEvent('matchIntent', market, receipt);
  const { agreementId, bidder: provider, serviceId, pricePerPeriod } = matched.args;
  return { agreementId, provider, serviceId, pricePerPeriod, txHash: receipt.transactionHash };
}
