import { isAddressEqual, parseEventLogs } from 'viem';
import { getChainId, simulateContract } from 'viem/actions';
import { slaMarketAbi } from '../protocol/abi.ts';
import type { Hex } from '../protocol/bytes.ts';
import { PlumblineError } from '../protocol/error.ts';
import type { WritingClient } from './clients.ts';
import { orFailure } from './failure.ts';
import { noEvent } from './no-event.ts';
import { ownLogs } from './own-logs.ts';
import type { SealedBid } from './sealed-bid.ts';
import { send } from './send.ts';

export type RevealedBid = {
  /** Whether it is the best so far; then the bond is escrowed until a better one is revealed. */
  readonly leads: boolean;
  readonly txHash: Hex;
};

/**
 * Opens a bid, in epochs from the intent's `commitUntil` on and before its `revealUntil`; later the deposit is lost. Approve the
 * bond for the market first.
 * @param sealed from `bid`, or from `parseSealedBid` of what was kept
 * @throws Refusal, mostly `OutsidePhase`, `CommitmentMismatch`, `PriceAboveBudget`, `ServiceDoesNotQualify`, `ERC20InsufficientAllowance`
 * @throws PlumblineError `other-bidder` when the bid is of another account or chain; `not-included`, `replaced`, `reverted`, `no-event`,
 * `no-contract`, `rpc`
 */
export async function reveal(client: WritingClient, { sealed }: { readonly sealed: SealedBid }): Promise<RevealedBid> {
  const { market, intentId, serviceId, pricePerPeriod, salt } = sealed;
  const chainId = await orFailure('reveal', () => getChainId(client));
  const { account } = client;
  if (sealed.chainId !== chainId || !isAddressEqual(sealed.bidder, account.address)) {
    const text = `the bid is of ${sealed.bidder} on chain ${sealed.chainId}, the client of ${account.address} on ${chainId}`;
    throw new PlumblineError('other-bidder', `${text}: use the client that committed it`, { bidder: sealed.bidder });
  }
  const receipt = await send(client, 'reveal', () =>
    simulateContract(client, {
      account,
      address: market,
      abi: slaMarketAbi,
      functionName: 'reveal',
      args: [intentId, serviceId, pricePerPeriod, salt],
    }),
  );
  const [revealed] = parseEventLogs({ abi: slaMarketAbi, eventName: 'Revealed', logs: ownLogs(receipt, market) });
  if (!revealed) return noEvent('reveal', market, receipt);
  return { leads: revealed.args.leads, txHash: receipt.transactionHash };
}
