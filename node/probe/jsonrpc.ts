import { decodeAbiParameters, encodeAbiParameters, parseAbiParameters } from 'viem';
import { fromHex, toHex } from '../../protocol/bytes.ts';
import { REASON, type Reason } from '../../protocol/reason.ts';
import { ABSENT_MICROS } from '../../protocol/sample.ts';
import { probeHttp } from './http.ts';
import type { Probe } from './kind.ts';
import type { ProbeTools } from './line.ts';
import { blankResult, type ProbeResult } from './result.ts';
import { batchText, type RpcAnswers, readBatch } from './rpc-batch.ts';

/** `extra` of a json-rpc service: what its chain must be. Empty: any chain, however old its newest block is. */
export type RpcDemand = {
  /** 0 = any; its head is then compared with nobody's. */
  readonly chainId: bigint;
  /** The newest block may be this many seconds old by the watcher's clock; 0 = any. */
  readonly headAgeSecondsMax: number;
  /** Blocks this far below the head are final enough to be the same everywhere; 0 = no hash is compared. */
  readonly depth: number;
};

/** Powers of two, so that a chain's endpoints fall into few groups and each has voices enough. */
export const DEPTHS: readonly number[] = Array.from({ length: 14 }, (_, i) => 8 << i);

const SHORT = parseAbiParameters('uint64 chainId, uint32 headAgeSecondsMax');
const LONG = parseAbiParameters('uint64 chainId, uint32 headAgeSecondsMax, uint32 depth');
const ANYTHING: RpcDemand = { chainId: 0n, headAgeSecondsMax: 0, depth: 0 };
const WORD_BYTES = 32;

/** Two words without a depth, three with one. */
export function encodeRpcDemand({ chainId, headAgeSecondsMax, depth }: RpcDemand): Uint8Array {
  if (depth === 0) return fromHex(encodeAbiParameters(SHORT, [chainId, headAgeSecondsMax]));
  return fromHex(encodeAbiParameters(LONG, [chainId, headAgeSecondsMax, depth]));
}

/** Undefined unless `extra` is empty or the encoding of a demand, byte for byte, that can be met. */
export function decodeRpcDemand(extra: Uint8Array): RpcDemand | undefined {
  if (extra.length === 0) return ANYTHING;
  try {
    const [chainId, headAgeSecondsMax, depth = 0] = decodeAbiParameters(
      extra.length === LONG.length * WORD_BYTES ? LONG : SHORT,
      toHex(extra),
    );
    const demand = { chainId, headAgeSecondsMax, depth };
    if (Buffer.compare(encodeRpcDemand(demand), extra) !== 0) return undefined;
    return depth === 0 || (DEPTHS.includes(depth) && chainId !== 0n) ? demand : undefined;
  } catch {
    return undefined;
  }
}

/** Three blocks with 2,500 hashes of transactions each; what is built to be slow takes a parser 46 ms. */
export const RPC_BYTES_MAX = 512 << 10;

/**
 * An EVM node's JSON-RPC over HTTP: chain id, newest and final block, and a block whose hash is compared, in one batch. Good is
 * an answer of the right chain whose newest block is young enough and plausible, and whose hash is the one that most endpoints
 * of the chain have. `finalityMicros` is the age of its final block by this watcher's clock, `headLag` how many blocks it is behind
 * the others (`heads.ts`).
 */
export const jsonRpcProbe: Probe = async (tools, target, signal) => {
  const demand = decodeRpcDemand(target.extra ?? new Uint8Array(0));
  if (demand === undefined)
    return blankResult(REASON.unsupported, 'extra is not (uint64 chainId, uint32 headAgeSecondsMax[, uint32 depth])');
  const { chainId, depth } = demand;
  const height = depth === 0 ? undefined : tools.heads?.heightToCheck(chainId, depth);
  // For the probes after this one, which does not wait for it.
  tools.references?.refresh(chainId, depth);
  const { url, timeoutMillis, authorities } = target;
  const request = { url, method: 'POST', json: batchText(height), timeoutMillis, wantDigest: false, wantBody: true };
  const result = await probeHttp(tools, { ...request, bodyBytesMax: RPC_BYTES_MAX, authorities, signal });
  if (result.reason !== REASON.ok) return result;
  const { body, ...rest } = result;
  return examined(tools, { ...rest, body: undefined }, body, demand, { voice: target.provider.toLowerCase(), height });
};

/** Read after the last stamp, so that a long answer costs its provider nothing. */
function examined(
  tools: ProbeTools,
  seen: ProbeResult,
  body: Uint8Array | undefined,
  demand: RpcDemand,
  { voice, height }: { voice: string; height: number | undefined },
): ProbeResult {
  const say = (reason: Reason, detail: string): ProbeResult => ({ ...seen, reason, detail });
  // The status decides first, as everywhere: an error page is no JSON.
  if (seen.statusCode !== 200) return say(REASON.wrongStatus, `status ${seen.statusCode}`);
  const answers = readBatch(body ?? new Uint8Array(0), height);
  if (typeof answers === 'string') return say(REASON.rpcError, answers);
  const { latest, final } = answers;
  if (demand.chainId !== 0n && answers.chainId !== demand.chainId) {
    return say(REASON.wrongChain, `chain ${answers.chainId} where ${demand.chainId} was registered`);
  }
  const nowUnixMillis = tools.clock.now();
  const { headLag, fault } = compared(tools, seen.startMicros, demand, voice, answers);
  const ageMillis = nowUnixMillis - 1_000 * latest.unixSeconds;
  if (demand.headAgeSecondsMax !== 0 && ageMillis > 1_000 * demand.headAgeSecondsMax) {
    return say(REASON.staleHead, `block ${latest.number} is ${Math.round(ageMillis / 1_000)} s old`);
  }
  if (fault) return say(REASON.headAhead, fault);
  const verdict = height === undefined ? 'open' : hashVerdict(tools, demand, voice, height, answers);
  if (verdict === 'missing') return say(REASON.rpcError, `block ${latest.number}, but none at ${height}`);
  const bodyDigest = verdict === 'open' ? seen.bodyDigest : fromHex(answers.checked!.hash as `0x${string}`);
  if (verdict === 'wrong') {
    return { ...say(REASON.wrongHash, `block ${height} is ${answers.checked!.hash}, most say another`), bodyDigest };
  }
  const finalityMicros = final ? microsSince(final.unixSeconds, nowUnixMillis) : ABSENT_MICROS;
  const detail = `block ${latest.number}, ${final ? `final ${final.number}` : 'none final'}`;
  return { ...seen, finalityMicros, headLag, bodyDigest, detail };
}

/** What the others say of its head. Only a service that named its chain has a voice, and is measured against others. */
function compared(
  { heads }: ProbeTools,
  askedMicros: number,
  { chainId }: RpcDemand,
  voice: string,
  { latest }: RpcAnswers,
): { headLag: number; fault: string | undefined } {
  if (heads === undefined || chainId === 0n) return { headLag: ABSENT_MICROS, fault: undefined };
  const { number: head, unixSeconds: headUnixSeconds } = latest;
  const { lag, isAhead } = heads.note({ chainId, voice, head, headUnixSeconds, askedMicros });
  const fault = isAhead ? `block ${head} is further ahead of the other endpoints than a chain grows` : undefined;
  return { headLag: lag === undefined ? ABSENT_MICROS : Math.min(lag, ABSENT_MICROS - 1), fault };
}

/** A node whose head is below the height is behind, which `headLag` says; it has nothing to show there. */
function hashVerdict(
  { heads }: ProbeTools,
  { chainId, depth }: RpcDemand,
  voice: string,
  height: number,
  { latest, checked }: RpcAnswers,
) {
  if (heads === undefined || (checked === undefined && latest.number < height)) return 'open';
  return heads.digests.note({ chainId, depth, height, voice, hash: checked?.hash });
}

/** A clock behind the chain's reads as no delay. */
function microsSince(unixSeconds: number, nowUnixMillis: number): number {
  return Math.min(Math.max(Math.round((nowUnixMillis - 1_000 * unixSeconds) * 1_000), 0), ABSENT_MICROS - 1);
}
