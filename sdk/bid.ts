import { parseEventLogs, toHex } from 'viem';
import { getChainId, simulateContract } from 'viem/actions';
import { slaMarketAbi } from '../protocol/abi.ts';
import type { Hex } from '../protocol/bytes.ts';
import type { WritingClient } from './clients.ts';
import type { Deployment } from './deployment.ts';
import { orFailure } from './failure.ts';
import { noEvent } from './no-event.ts';
import { ownLogs } from './own-logs.ts';
import { commitmentOf, type SealedBid, serializeSealedBid } from './sealed-bid.ts';
import { send } from './send.ts';

export type CommittedBid = {
  /** NEEDED TO REVEAL: the same as was given to `keep`. */
  readonly sealed: SealedBid;
  /** Place among the bids, from 1: of equal prices the earliest wins. */
  readonly order: number;
  readonly txHash: Hex;
};

export type BidOptions = {
  readonly deployment: Pick<Deployment, 'market'>;
  readonly intentId: bigint;
  /** Of the caller, and of the kind that the intent asks for. */
  readonly serviceId: Hex;
  /** Token units, at most the intent's budget. What the winner is paid for a period that it meets, less the vault's fee. */
  readonly pricePerPeriod: bigint;
  /** Writes the text where it survives this process; awaited before anything is sent. */
  readonly keep: (sealedBid: string) => Promise<void>;
};

/**
 * Commits a sealed bid: draws a salt, and sends nothing but a hash. Approve the intent's deposit for the market first.
 *
 * KEEP THE SEALED BID, and keep it secret. Without its salt the bid cannot be revealed and THE DEPOSIT IS LOST; nobody can compute the
 * salt again, and an account has one bid an intent. That is why `keep` is not optional: it gets the bid as text
 * (`parseSealedBid` reads it) before the transaction leaves, so that a crash in between loses nothing.
 * @throws Refusal, mostly `OutsidePhase`, `AlreadyBid`, `WrongIntentStatus`, `ERC20InsufficientAllowance`; nothing was sent then
 * @throws PlumblineError `not-included`, `replaced`, `reverted`, `no-event`, `no-contract`, `rpc`; whatever `keep` throws
 */
export async function bid(client: WritingClient, options: BidOptions): Promise<CommittedBid> {
  const { deployment, intentId, serviceId, pricePerPeriod, keep } = options;
  const { market } = deployment;
  const chainId = await orFailure('bid', () => getChainId(client));
  const salt = toHex(crypto.getRandomValues(new Uint8Array(32)));
  const sealed = { chainId, market, intentId, bidder: client.account.address, serviceId, pricePerPeriod, salt };
  const receipt = await send(
    client,
    'bid',
    () =>
      simulateContract(client, {
        account: client.account,
        address: market,
        abi: slaMarketAbi,
        functionName: 'commit',
        args: [intentId, commitmentOf(sealed)],
      }),
    { beforeSending: () => keep(serializeSealedBid(sealed)) },
  );
  const [made] = parseEventLogs({ abi: slaMarketAbi, eventName: 'Committed', logs: ownLogs(receipt, market) });
  if (!made) return noEvent('bid', market, receipt);
  return { sealed, order: made.args.order, txHash: receipt.transactionHash };
}
