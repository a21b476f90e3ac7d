import { createServer, type Server } from 'node:http';
import { describe, expect, it } from 'vitest';
import { createHeadBook } from '../../../node/probe/heads.ts';
import { encodeRpcDemand, jsonRpcProbe } from '../../../node/probe/jsonrpc.ts';
import { judge } from '../../../node/probe/judge.ts';
import type { ProbeTools } from '../../../node/probe/line.ts';
import { createReferences } from '../../../node/probe/references.ts';
import { postJson } from '../../../platform/post.ts';
import { REASON } from '../../../protocol/reason.ts';
import { ABSENT_MICROS, OUTCOME } from '../../../protocol/sample.ts';
import { SERVICE_KIND } from '../../../protocol/service.ts';
import { serve, toolsFor } from './raw-server.ts';
import { targetAt } from './target-fixture.ts';

const CHAIN = 7n;
const HEAD = 1_000;
const DEPTH = 64;
const hex = (n: number) => `0x${n.toString(16)}`;
const hashOf = (height: number, fork = 0) => `0x${(height * 16 + fork).toString(16).padStart(64, '0')}`;

/** How an endpoint departs from the chain. */
type Manner = { head?: number; fork?: number; without?: boolean; chainId?: number };
type Call = { id: number; method: string; params: [string, boolean] };

/** A real server that answers batches as a node of the chain would, with its manner. */
function node({ head = HEAD, fork = 0, without = false, chainId = Number(CHAIN) }: Manner): Server {
  const timestamp = hex(Math.floor(Date.now() / 1_000));
  const block = (number: number) => ({ number: hex(number), timestamp, hash: hashOf(number, fork) });
  const resultOf = ({ method, params }: Call) => {
    if (method === 'eth_chainId') return hex(chainId);
    if (params[0] === 'latest') return block(head);
    if (params[0] === 'finalized') return block(head - 10);
    const number = Number(params[0]);
    return without || number > head ? null : block(number);
  };
  return createServer((request, response) => {
    let text = '';
    request.on('data', (bytes) => (text += bytes));
    request.on('end', () => {
      const calls = JSON.parse(text) as Call[];
      response.end(JSON.stringify(calls.map((call) => ({ jsonrpc: '2.0', id: call.id, result: resultOf(call) }))));
    });
  });
}

function bench() {
  const tools = toolsFor();
  const heads = createHeadBook(tools.clock);
  const probe = async (name: string, manner: Manner = {}, more: Partial<ProbeTools> = {}) => {
    await using web = await serve(node(manner));
    const extra = encodeRpcDemand({ chainId: CHAIN, headAgeSecondsMax: 0, depth: DEPTH });
    const provider = `0x${Buffer.from(name).toString('hex').padStart(40, '0')}`;
    const target = targetAt(web.url, { kind: SERVICE_KIND.jsonRpc, timeoutMillis: 20_000, extra, provider });
    const result = await jsonRpcProbe({ ...tools, heads, ...more }, target, new AbortController().signal);
    return { ...result, ...judge(result, target) };
  };
  return { tools, probe };
}

const HEIGHT = 928;
const digestOf = (height: number, fork = 0) => new Uint8Array(Buffer.from(hashOf(height, fork).slice(2), 'hex'));
const ZERO = new Uint8Array(32);

describe('endpoints of one chain', () => {
  it('are compared once three have spoken: heads at once, hashes when three have been asked for the same block', async () => {
    const { probe } = bench();
    for (const name of ['a', 'b']) {
      expect(await probe(name)).toMatchObject({ reason: REASON.ok, headLag: ABSENT_MICROS, bodyDigest: ZERO });
    }
    expect(await probe('c')).toMatchObject({ reason: REASON.ok, headLag: 0, bodyDigest: ZERO });
    for (const name of ['a', 'b']) expect((await probe(name)).bodyDigest).toEqual(ZERO);
    expect(await probe('c')).toMatchObject({ reason: REASON.ok, headLag: 0, bodyDigest: digestOf(HEIGHT) });
    expect(await probe('stale', { head: HEAD - 7 })).toMatchObject({
      outcome: OUTCOME.good,
      headLag: 7,
      bodyDigest: digestOf(HEIGHT),
    });
  });

  it('are each seen as what they are, beside honest ones that stay good', async () => {
    const { probe } = bench();
    const honest = async () => {
      for (const name of ['a', 'b', 'c']) {
        expect(await probe(name)).toMatchObject({ outcome: OUTCOME.good, reason: REASON.ok });
      }
    };
    await honest();
    await honest();
    const bad = { outcome: OUTCOME.bad, headLag: ABSENT_MICROS };
    expect(await probe('ahead', { head: HEAD + 1_000 })).toMatchObject({
      ...bad,
      reason: REASON.headAhead,
      bodyDigest: ZERO,
    });
    const fork = { ...bad, reason: REASON.wrongHash, bodyDigest: digestOf(HEIGHT, 1), finalityMicros: ABSENT_MICROS };
    expect(await probe('fork', { fork: 1 })).toMatchObject(fork);
    expect(await probe('pruned', { without: true })).toMatchObject({
      ...bad,
      reason: REASON.rpcError,
      bodyDigest: ZERO,
    });
    // Too far behind to have the block: that is a lag, and no wrong hash.
    const far = await probe('far', { head: HEAD - 500 });
    expect(far).toMatchObject({ outcome: OUTCOME.good, headLag: 500, bodyDigest: ZERO });
    await honest();
  });

  it('have one voice a provider: three services of one liar outvote nobody', async () => {
    const { probe } = bench();
    for (let i = 0; i < 3; i++) await probe('liar', { head: HEAD + 50, fork: 1 });
    for (const name of ['a', 'b', 'a', 'b']) await probe(name);
    expect(await probe('liar', { fork: 1 })).toMatchObject({ reason: REASON.wrongHash });
    expect(await probe('a')).toMatchObject({ reason: REASON.ok, headLag: 0, bodyDigest: digestOf(HEIGHT) });
  });

  it('of another chain than they were registered for have no voice', async () => {
    const { probe } = bench();
    for (const name of ['a', 'b']) await probe(name);
    expect(await probe('x', { chainId: 8 })).toMatchObject({ reason: REASON.wrongChain });
    expect((await probe('a')).headLag).toBe(ABSENT_MICROS);
  });
});

describe('the operator’s own references', () => {
  it('are asked beside the probes, once a period, and deny what three registered liars say', async () => {
    const { tools, probe } = bench();
    await using own = await serve(node({}));
    const asked: Promise<Uint8Array | undefined>[] = [];
    const post: typeof postJson = (...request) => {
      const answer = postJson(...request);
      asked.push(answer);
      return answer;
    };
    let nowMicros = 0;
    const clock = { ...tools.clock, monotonicMicros: () => nowMicros };
    const book = createHeadBook(clock);
    const references = createReferences({ urls: [own.url, own.url], clock, heads: book, post });
    const more = { clock, heads: book, references };
    const liars = async () => {
      for (const name of ['x', 'y', 'z']) await probe(name, { head: HEAD + 40, fork: 1 }, more);
    };
    await liars();
    expect(asked).toHaveLength(1);
    await Promise.all(asked);
    nowMicros += 5_000_000;
    await liars();
    await Promise.all(asked);
    expect(asked).toHaveLength(2);
    expect(await probe('a', {}, more)).toMatchObject({ outcome: OUTCOME.good, headLag: 0, bodyDigest: ZERO });
    // Without the reference they would have made it wrong.
    const alone = bench();
    for (let i = 0; i < 2; i++) {
      for (const name of ['x', 'y', 'z']) await alone.probe(name, { head: HEAD + 40, fork: 1 });
    }
    expect(await alone.probe('a')).toMatchObject({ reason: REASON.wrongHash });
  });
});
