import { parseEventLogs } from 'viem';
import { simulateContract } from 'viem/actions';
import { slaMarketAbi } from '../protocol/abi.ts';
import type { Hex } from '../protocol/bytes.ts';
import type { WritingClient } from './clients.ts';
import type { Deployment } from './deployment.ts';
import { type Intent, intentToAbi } from './intent.ts';
import { noEvent } from './no-event.ts';
import { ownLogs } from './own-logs.ts';
import { send } from './send.ts';

export type PostedIntent = {
  readonly intentId: bigint;
  /** What each bid deposits, token units. */
  readonly deposit: bigint;
  readonly txHash: Hex;
};

/**
 * Asks the market for a guarantee and escrows the budget of all periods: approve `periods` · `pricePerPeriod` for the market first.
 * @throws Refusal, mostly `FieldOutOfBounds` (which says the bounds), `WindowNotAligned`, `UnknownWindow`, `ERC20InsufficientAllowance`
 * @throws PlumblineError `not-included`, `replaced`, `reverted`, `no-event`, `no-contract`, `rpc`
 */
export async function postIntent(
  client: WritingClient,
  { deployment, intent }: { readonly deployment: Pick<Deployment, 'market'>; readonly intent: Intent },
): Promise<PostedIntent> {
  const { market } = deployment;
  const receipt = await send(client, 'postIntent', async () =>
    simulateContract(client, {
      account: client.account,
      address: market,
      abi: slaMarketAbi,
      functionName: 'post',
      args: [intentToAbi(intent)],
    }),
  );
  const [posted] = parseEventLogs({ abi: slaMarketAbi, eventName: 'Posted', logs: ownLogs(receipt, market) });
  if (!posted) return noEvent('postIntent', market, receipt);
  return { intentId: posted.args.intentId, deposit: posted.args.deposit, txHash: receipt.transactionHash };
}
