import { z } from 'zod';
import { parseJson } from './jsonpath.ts';

/** One batch of JSON-RPC 2.0 to an EVM node, and what its answers say. Total: no bytes make it throw. */

/** What is asked besides when a hash is checked: the block at that height. */
export function batchText(height: number | undefined): string {
  const calls: [method: string, params: unknown[]][] = [
    ['eth_chainId', []],
    ['eth_getBlockByNumber', ['latest', false]],
    ['eth_getBlockByNumber', ['finalized', false]],
  ];
  if (height !== undefined) calls.push(['eth_getBlockByNumber', [`0x${height.toString(16)}`, false]]);
  return JSON.stringify(calls.map(([method, params], id) => ({ jsonrpc: '2.0', id, method, params })));
}

export type RpcBlock = { readonly number: number; readonly unixSeconds: number; readonly hash: string };
export type RpcAnswers = {
  readonly chainId: bigint;
  readonly latest: RpcBlock;
  /** Undefined on a chain that knows no `finalized`: it says null or an error, and is not worse for that. */
  readonly final: RpcBlock | undefined;
  /** The block at the height that was asked for; undefined when the endpoint has none, or none was asked for. */
  readonly checked: RpcBlock | undefined;
};

/** Heights and times beyond what a number holds exactly are no chain's. */
const Quantity = z
  .string()
  .regex(/^0x(0|[1-9a-f][0-9a-f]{0,12})$/i)
  .transform(Number);
const ChainId = z
  .string()
  .regex(/^0x(0|[1-9a-f][0-9a-f]{0,15})$/i)
  .transform(BigInt);
const Block = z
  .object({
    number: Quantity,
    timestamp: Quantity,
    hash: z
      .string()
      .regex(/^0x[0-9a-f]{64}$/i)
      .transform((hash) => hash.toLowerCase()),
  })
  .transform(({ number, timestamp, hash }): RpcBlock => ({ number, unixSeconds: timestamp, hash }));
/** Looked at, not copied: a hostile answer has a hundred thousand members. */
type Member = { readonly jsonrpc?: unknown; readonly id?: unknown; readonly result?: unknown };

/** The answers, or what is wrong with them. */
export function readBatch(body: Uint8Array, height: number | undefined): RpcAnswers | string {
  const results = resultsOf(body, height === undefined ? 3 : 4);
  if (typeof results === 'string') return results;
  const chainId = ChainId.safeParse(results[0]);
  if (!chainId.success) return 'eth_chainId gave no quantity';
  const latest = Block.safeParse(results[1]);
  if (!latest.success) return 'the latest block is missing or malformed';
  const final = Block.safeParse(results[2]).data;
  if (final && final.number > latest.data.number) return 'the final block is newer than the latest';
  const checked = height === undefined ? undefined : Block.safeParse(results[3]).data;
  if (checked && checked.number !== height) return `block ${checked.number} where ${height} was asked for`;
  return { chainId: chainId.data, latest: latest.data, final, checked };
}

/** The results in the order of the calls, undefined for an error. */
function resultsOf(body: Uint8Array, count: number): unknown[] | string {
  const json = parseJson(body)?.json;
  if (json === undefined) return 'the answer is no JSON';
  // Counted before anything else is looked at: a megabyte holds a hundred thousand answers.
  if (!Array.isArray(json) || json.length !== count) return `the answer is no batch of ${count}`;
  const results = new Array<unknown>(count).fill(undefined);
  const ids = new Set<number>();
  for (const one of json as unknown[]) {
    if (typeof one !== 'object' || one === null) return `the answer is no batch of ${count}`;
    const { jsonrpc, id, result } = one as Member;
    if (typeof id !== 'number' || !Number.isInteger(id) || id < 0 || id >= count) break;
    ids.add(id);
    // An error beside a result is no result.
    if (jsonrpc === '2.0' && !('error' in one)) results[id] = result;
  }
  return ids.size === count ? results : 'the answers are not one for each request';
}
