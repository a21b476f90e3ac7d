import { decodeAbiParameters, encodeAbiParameters, parseAbiParameters } from 'viem';
import { z } from 'zod';
import { fromHex, toHex } from '../../protocol/bytes.ts';
import { REASON, type Reason } from '../../protocol/reason.ts';
import { ABSENT_MICROS } from '../../protocol/sample.ts';
import { WEB_SCHEMES } from './egress.ts';
import { probeHttp } from './http.ts';
import { checkedProbe, type Probe } from './kind.ts';
import { blankResult, type ProbeResult } from './result.ts';

/** `extra` of a json-rpc service: what its chain must be. Empty: any chain, however old its newest block is. */
export type RpcDemand = {
  /** 0 = any. */
  readonly chainId: bigint;
  /** The newest block may be this many seconds old by the watcher's clock; 0 = any. */
  readonly headAgeSecondsMax: number;
};

const EXTRA = parseAbiParameters('uint64 chainId, uint32 headAgeSecondsMax');
const ANYTHING: RpcDemand = { chainId: 0n, headAgeSecondsMax: 0 };

const METHODS = [
  ['eth_chainId', []],
  ['eth_getBlockByNumber', ['latest', false]],
  ['eth_getBlockByNumber', ['finalized', false]],
] as const;
const REQUEST = JSON.stringify(METHODS.map(([method, params], id) => ({ jsonrpc: '2.0', id, method, params })));

const Quantity = z.string().regex(/^0x(0|[1-9a-f][0-9a-f]{0,15})$/i);
const Block = z.object({ number: Quantity, timestamp: Quantity, hash: z.string().regex(/^0x[0-9a-f]{64}$/i) });
const Answer = z.object({
  jsonrpc: z.literal('2.0'),
  id: z
    .int()
    .min(0)
    .max(METHODS.length - 1),
  result: z.unknown(),
});
/** A chain that knows no `finalized` says null or an error: it has no finality to measure, and is not worse for that. */
const Answers = z.array(z.looseObject({ id: z.number() })).length(METHODS.length);

export function encodeRpcDemand({ chainId, headAgeSecondsMax }: RpcDemand): Uint8Array {
  return fromHex(encodeAbiParameters(EXTRA, [chainId, headAgeSecondsMax]));
}

/** Undefined unless `extra` is empty or the encoding of a demand, byte for byte. */
export function decodeRpcDemand(extra: Uint8Array): RpcDemand | undefined {
  if (extra.length === 0) return ANYTHING;
  try {
    const [chainId, headAgeSecondsMax] = decodeAbiParameters(EXTRA, toHex(extra));
    const demand = { chainId, headAgeSecondsMax };
    return Buffer.compare(encodeRpcDemand(demand), extra) === 0 ? demand : undefined;
  } catch {
    return undefined;
  }
}

/**
 * An EVM node's JSON-RPC over HTTP: chain id, newest and final block in one batch. Good is an answer of the right chain whose
 * newest block is young enough; `finalityMicros` is the age of its final block by this watcher's clock.
 */
export const jsonRpcProbe: Probe = checkedProbe(WEB_SCHEMES, async (tools, target, _url, signal) => {
  const demand = decodeRpcDemand(target.extra ?? new Uint8Array(0));
  if (demand === undefined)
    return blankResult(REASON.unsupported, 'extra is not (uint64 chainId, uint32 headAgeSecondsMax)');
  const { url, timeoutMillis, authorities } = target;
  const request = { url, method: 'POST', json: REQUEST, timeoutMillis, wantDigest: false, wantBody: true };
  const result = await probeHttp(tools, { ...request, authorities, signal });
  return result.reason === REASON.ok ? examined(result, demand, tools.clock.now()) : result;
});

/** Read after the last stamp, so that a long answer costs its provider nothing. */
function examined(result: ProbeResult, demand: RpcDemand, nowUnixMillis: number): ProbeResult {
  const { body, ...rest } = result;
  const seen: ProbeResult = { ...rest, body: undefined };
  const say = (reason: Reason, detail: string): ProbeResult => ({ ...seen, reason, detail });
  // The status decides first, as everywhere: an error page is no JSON.
  if (result.statusCode !== 200) return say(REASON.wrongStatus, `status ${result.statusCode}`);
  const answers = answersOf(body ?? new Uint8Array(0));
  if (typeof answers === 'string') return say(REASON.rpcError, answers);
  const chainId = Quantity.safeParse(answers[0]);
  const latest = Block.safeParse(answers[1]);
  if (!chainId.success) return say(REASON.rpcError, 'eth_chainId gave no quantity');
  if (!latest.success) return say(REASON.rpcError, 'the latest block is missing or malformed');
  if (demand.chainId !== 0n && BigInt(chainId.data) !== demand.chainId) {
    return say(REASON.wrongChain, `chain ${BigInt(chainId.data)} where ${demand.chainId} was registered`);
  }
  const ageMillis = nowUnixMillis - 1_000 * Number(latest.data.timestamp);
  if (demand.headAgeSecondsMax !== 0 && ageMillis > 1_000 * demand.headAgeSecondsMax) {
    return say(REASON.staleHead, `block ${BigInt(latest.data.number)} is ${Math.round(ageMillis / 1_000)} s old`);
  }
  const final = Block.safeParse(answers[2]);
  if (!final.success) return { ...seen, detail: `block ${BigInt(latest.data.number)}, none final` };
  if (BigInt(final.data.number) > BigInt(latest.data.number)) {
    return say(REASON.rpcError, 'the final block is newer than the latest');
  }
  return {
    ...seen,
    finalityMicros: microsSince(Number(final.data.timestamp), nowUnixMillis),
    detail: `block ${BigInt(latest.data.number)}, final ${BigInt(final.data.number)}`,
  };
}

/** The results in the order of METHODS, undefined for an error; or what is wrong. */
function answersOf(body: Uint8Array): unknown[] | string {
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(body).toString('utf8'));
  } catch {
    return 'the answer is no JSON';
  }
  const list = Answers.safeParse(json);
  if (!list.success) return 'the answer is no batch of three';
  const results = new Array<unknown>(METHODS.length).fill(undefined);
  const ids = new Set<number>();
  for (const one of list.data) {
    ids.add(one.id);
    const answer = Answer.safeParse(one);
    if (answer.success && !('error' in one)) results[answer.data.id] = answer.data.result;
  }
  return ids.size === METHODS.length ? results : 'the answers are not one for each request';
}

/** A clock behind the chain's reads as no delay. */
function microsSince(unixSeconds: number, nowUnixMillis: number): number {
  return Math.min(Math.max(Math.round((nowUnixMillis - 1_000 * unixSeconds) * 1_000), 0), ABSENT_MICROS - 1);
}
