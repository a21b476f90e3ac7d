import { getBlock, getBlockNumber } from 'viem/actions';
import type { ReadingClient } from './clients.ts';
import { orFailure } from './failure.ts';

/**
 * Number of the first block from `from` on that is stamped with `unixSeconds` or later, by bisection: as many calls as a block
 * number has binary digits. One more than the newest block's when that is earlier.
 * @throws PlumblineError `rpc`
 */
export function firstBlockAt(client: ReadingClient, unixSeconds: number, from: number): Promise<number> {
  return orFailure(`looking for the block of unix time ${unixSeconds}`, async () => {
    let low = from;
    let high = Number(await getBlockNumber(client, { cacheTime: 0 })) + 1;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const { timestamp } = await getBlock(client, { blockNumber: BigInt(middle) });
      if (Number(timestamp) < unixSeconds) low = middle + 1;
      else high = middle;
    }
    return low;
  });
}
