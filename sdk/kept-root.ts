import type { Hex } from '../protocol/bytes.ts';
import { PlumblineError } from '../protocol/error.ts';
import { type AbiLeaf, leafToAbi } from '../protocol/leaf.ts';
import type { ProvenLeaf } from './prove-leaf.ts';

/**
 * The arguments that `proveAndStore` and `settle` share.
 * @throws PlumblineError `root-not-kept` for a leaf that was proven through the history: only `verifyLeafAt` takes it
 */
export function keptRootArgs({
  leaf,
  reportEpoch,
  proof,
  old,
}: ProvenLeaf): readonly [bigint, AbiLeaf, readonly Hex[]] {
  if (!old) return [BigInt(reportEpoch), leafToAbi(leaf), proof];
  const text = `the oracle no longer keeps the root of the report of epoch ${reportEpoch}: only verifyLeafAt takes this leaf`;
  throw new PlumblineError('root-not-kept', text, { reportEpoch });
}
