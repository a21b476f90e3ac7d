import { parseEventLogs } from 'viem';
import { simulateContract } from 'viem/actions';
import { measurementOracleAbi } from '../protocol/abi.ts';
import type { Hex } from '../protocol/bytes.ts';
import type { WritingClient } from './clients.ts';
import type { Deployment } from './deployment.ts';
import { keptRootArgs } from './kept-root.ts';
import { noEvent } from './no-event.ts';
import { ownLogs } from './own-logs.ts';
import type { ProvenLeaf } from './prove-leaf.ts';
import { send } from './send.ts';

export type StoredLeaf = {
  /** End of the window whose value is now kept: an epoch, the first after the window. */
  readonly windowEnd: number;
  readonly txHash: Hex;
};

/**
 * Keeps one statistic of a proven leaf in the oracle, where every contract can read it by `latestOf` and `noOlderThanOf`. Anyone
 * may; it moves no money but the gas.
 * @param leaf from `proveLeaf`; conclusive, its statistic present
 * @param metric 0 to 11, see METRIC
 * @throws Refusal, mostly `NotNewer` (a value of this window or a later one is kept already) or `NothingKnown`
 * @throws PlumblineError `root-not-kept`; `not-included`, `replaced`, `reverted`, `no-event`, `no-contract`, `rpc`
 */
export async function proveAndStore(
  client: WritingClient,
  options: { readonly deployment: Pick<Deployment, 'oracle'>; readonly leaf: ProvenLeaf; readonly metric: number },
): Promise<StoredLeaf> {
  const { deployment, leaf, metric } = options;
  const [reportEpoch, abiLeaf, proof] = keptRootArgs(leaf);
  const receipt = await send(client, 'proveAndStore', () =>
    simulateContract(client, {
      account: client.account,
      address: deployment.oracle,
      abi: measurementOracleAbi,
      functionName: 'proveAndStore',
      args: [abiLeaf, reportEpoch, proof, metric],
    }),
  );
  const logs = ownLogs(receipt, deployment.oracle);
  const [stored] = parseEventLogs({ abi: measurementOracleAbi, eventName: 'LeafStored', logs });
  if (!stored) return noEvent('proveAndStore', deployment.oracle, receipt);
  return { windowEnd: Number(stored.args.windowEnd), txHash: receipt.transactionHash };
}
