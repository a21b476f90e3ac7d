import { PlumblineError } from '../../protocol/error.ts';
import type { Rpc } from './client.ts';

/**
 * The first block with timestamp >= `unixSeconds` among blocks from .. to, by bisection: at most 64 calls.
 * @throws PlumblineError `not-final` when no final block is that late yet
 */
export async function firstBlockAt(client: Rpc['client'], unixSeconds: number, from: number, to: number) {
  const at = (number: number) => client.getBlock({ blockNumber: BigInt(number) });
  if (Number((await at(to)).timestamp) < unixSeconds) {
    throw new PlumblineError('not-final', `no final block at or after unix time ${unixSeconds} yet`, { to });
  }
  let low = from;
  let high = to;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (Number((await at(middle)).timestamp) < unixSeconds) low = middle + 1;
    else high = middle;
  }
  return at(low);
}
