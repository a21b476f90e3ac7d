import { deploymentFactoryAbi } from '../../protocol/abi.ts';
import type { Hex } from '../../protocol/bytes.ts';
import { PlumblineError } from '../../protocol/error.ts';
import type { Rpc } from '../chain/client.ts';
import { LOG_BLOCKS_MAX } from '../chain/registrations.ts';
import { nameOf } from './factory.ts';
import type { Landed } from './send.ts';

/** Calls of eth_getLogs back from the head: a million blocks. Further back the deployment file must be brought. */
export const LOG_CALLS_MAX = 500;

/**
 * Where contracts were created that an earlier run left no file about, by the factory's events, from the newest block back.
 * @throws PlumblineError `deploy-record` when one is not among the last LOG_BLOCKS_MAX · LOG_CALLS_MAX blocks
 */
export async function locate(
  { client, chainId }: Rpc,
  factory: Hex,
  salt: string,
  names: readonly string[],
  blocksPerCall = LOG_BLOCKS_MAX,
): Promise<ReadonlyMap<string, Landed>> {
  const found = new Map<string, Landed>();
  const byTopic = new Map(names.map((name) => [nameOf(salt, name), name]));
  let to = await client.getBlockNumber();
  for (let calls = 0; calls < LOG_CALLS_MAX && to >= 0n && found.size < byTopic.size; calls++) {
    const from = to >= blocksPerCall ? to - BigInt(blocksPerCall) + 1n : 0n;
    const logs = await client.getContractEvents({
      address: factory,
      abi: deploymentFactoryAbi,
      eventName: 'Created',
      fromBlock: from,
      toBlock: to,
      strict: true,
    });
    for (const { args, transactionHash, blockNumber } of logs) {
      const name = byTopic.get(args.name);
      if (name) found.set(name, { transaction: transactionHash, block: Number(blockNumber) });
    }
    to = from - 1n;
  }
  const missing = names.find((name) => !found.has(name));
  if (missing === undefined) return found;
  throw new PlumblineError(
    'deploy-record',
    `the creation of ${missing} on chain ${chainId} is not among the last ${blocksPerCall * LOG_CALLS_MAX} blocks: ` +
      'bring back the deployment file of the earlier run',
    { missing, factory },
  );
}
