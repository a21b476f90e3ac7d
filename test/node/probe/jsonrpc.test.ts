import { createServer } from 'node:http';
import { describe, expect, it } from 'vitest';
import { grantedConsent } from '../../../node/probe/consent.ts';
import { createControls } from '../../../node/probe/control.ts';
import { createProber, PROBES } from '../../../node/probe/engine.ts';
import { decodeRpcDemand, encodeRpcDemand, type RpcDemand } from '../../../node/probe/jsonrpc.ts';
import { judge } from '../../../node/probe/judge.ts';
import { startAnvil } from '../../../platform/chain/anvil.ts';
import { systemClock } from '../../../platform/clock.ts';
import { REASON, type Reason } from '../../../protocol/reason.ts';
import { ABSENT_MICROS, OUTCOME } from '../../../protocol/sample.ts';
import { SERVICE_KIND } from '../../../protocol/service.ts';
import { serve, toolsFor } from './raw-server.ts';
import { targetAt } from './target-fixture.ts';

const NOW_UNIX_SECONDS = 1_800_000_000;
const HASH = `0x${'11'.repeat(32)}`;
const hex = (n: number) => `0x${n.toString(16)}`;
const block = (number: number, ageSeconds: number) => ({
  number: hex(number),
  hash: HASH,
  timestamp: hex(NOW_UNIX_SECONDS - ageSeconds),
});

/** The answers of a healthy node of chain 7, with some of them changed. */
function answers(over: Readonly<Record<number, object>> = {}): object[] {
  const results = [hex(7), block(100, 5), block(90, 120)];
  return results.map((result, id) => ({ jsonrpc: '2.0', id, ...(over[id] ?? { result }) }));
}

async function probe(body: string, demand: Partial<RpcDemand> = {}, status = 200) {
  const asked: { method: string | undefined; type: string | undefined; body: string }[] = [];
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (bytes) => (text += bytes));
    request.on('end', () => {
      asked.push({ method: request.method, type: request.headers['content-type'], body: text });
      response.writeHead(status).end(body);
    });
  });
  await using web = await serve(server);
  const tools = toolsFor();
  const clock = { ...tools.clock, now: () => NOW_UNIX_SECONDS * 1_000 };
  const extra = encodeRpcDemand({ chainId: 7n, headAgeSecondsMax: 60, depth: 0, ...demand });
  const target = targetAt(web.url, { kind: SERVICE_KIND.jsonRpc, timeoutMillis: 20_000, expectedStatus: 0, extra });
  const result = await PROBES[SERVICE_KIND.jsonRpc]!({ ...tools, clock }, target, new AbortController().signal);
  return { result, judged: judge(result, target), asked };
}

const good = { outcome: OUTCOME.good, reason: REASON.ok };

describe('a json-rpc probe', () => {
  it('asks once for chain, newest and final block, and says how old the final one is', async () => {
    const { result, judged, asked } = await probe(JSON.stringify(answers()));
    expect(judged).toEqual(good);
    expect(result.finalityMicros).toBe(120_000_000);
    expect(result.body).toBeUndefined();
    expect(asked).toHaveLength(1);
    expect(asked[0]).toMatchObject({ method: 'POST', type: 'application/json' });
    expect(JSON.parse(asked[0]!.body).map((one: { method: string }) => one.method)).toEqual([
      'eth_chainId',
      'eth_getBlockByNumber',
      'eth_getBlockByNumber',
    ]);
  });

  it('takes the answers of a batch in any order, and a chain without finality as it is', async () => {
    expect((await probe(JSON.stringify(answers().reverse()))).judged).toEqual(good);
    for (const none of [{ result: null }, { error: { code: -39001, message: 'unknown block' } }]) {
      const { result, judged } = await probe(JSON.stringify(answers({ 2: none })));
      expect(judged).toEqual(good);
      expect(result.finalityMicros).toBe(ABSENT_MICROS);
    }
  });

  it('does not count a clock behind the chain as a delay', async () => {
    expect((await probe(JSON.stringify(answers({ 2: { result: block(90, -3) } })))).result.finalityMicros).toBe(0);
  });

  const error = { error: { code: -32603, message: 'internal' } };
  const WRONG: [name: string, reason: Reason, body: string][] = [
    ['an error body with status 200', REASON.rpcError, JSON.stringify({ jsonrpc: '2.0', id: null, ...error })],
    ['an error for the chain id', REASON.rpcError, JSON.stringify(answers({ 0: error }))],
    ['an error for the newest block', REASON.rpcError, JSON.stringify(answers({ 1: error }))],
    ['an error beside a result', REASON.rpcError, JSON.stringify(answers({ 1: { result: block(100, 5), ...error } }))],
    ['no newest block', REASON.rpcError, JSON.stringify(answers({ 1: { result: null } }))],
    ['a page', REASON.rpcError, '<html>rate limited</html>'],
    ['nothing', REASON.rpcError, ''],
    ['two of three answers', REASON.rpcError, JSON.stringify(answers().slice(1))],
    ['one answer three times', REASON.rpcError, JSON.stringify(Array(3).fill(answers()[0]))],
    [
      'numbers that are none',
      REASON.rpcError,
      JSON.stringify(answers({ 1: { result: { ...block(1, 5), number: '100' } } })),
    ],
    ['a final block after the newest', REASON.rpcError, JSON.stringify(answers({ 2: { result: block(101, 1) } }))],
    ['another chain', REASON.wrongChain, JSON.stringify(answers({ 0: { result: hex(1) } }))],
    ['a newest block of long ago', REASON.staleHead, JSON.stringify(answers({ 1: { result: block(100, 61) } }))],
  ];
  it.each(WRONG)('is bad with %s', async (_name, reason, body) => {
    const { result, judged } = await probe(body);
    expect(judged, result.detail).toEqual({ outcome: OUTCOME.bad, reason });
    expect(result.finalityMicros).toBe(ABSENT_MICROS);
    // It did answer, and how long that took is known.
    expect(result.totalMicros).toBeLessThan(ABSENT_MICROS);
  });

  it('is bad with another status, whatever it says', async () => {
    const { judged } = await probe(JSON.stringify(answers()), {}, 503);
    expect(judged).toEqual({ outcome: OUTCOME.bad, reason: REASON.wrongStatus });
  });

  it('takes any chain of any age when nothing is demanded', async () => {
    const old = JSON.stringify(answers({ 0: { result: hex(1) }, 1: { result: block(100, 9_999) } }));
    expect((await probe(old, { chainId: 0n, headAgeSecondsMax: 0 })).judged).toEqual(good);
  });

  it('is not supported with an extra that is no demand', async () => {
    expect(decodeRpcDemand(new Uint8Array(0))).toEqual({ chainId: 0n, headAgeSecondsMax: 0, depth: 0 });
    const short = { chainId: 9n, headAgeSecondsMax: 3, depth: 0 };
    for (const demand of [short, { ...short, depth: 8 }, { ...short, depth: 65_536 }]) {
      expect(decodeRpcDemand(encodeRpcDemand(demand))).toEqual(demand);
    }
    expect(encodeRpcDemand(short)).toHaveLength(64);
    const long = new Uint8Array([...encodeRpcDemand(short), 0]);
    // A depth of zero has the short form alone; another one must be a power of two, of a chain that is named.
    const zero = new Uint8Array([...encodeRpcDemand(short), ...new Uint8Array(32)]);
    const odd = [9, 4, 2 ** 17].map((depth) => encodeRpcDemand({ ...short, depth }));
    const anyChain = encodeRpcDemand({ ...short, chainId: 0n, depth: 8 });
    for (const extra of [Uint8Array.of(1), new Uint8Array(64).fill(0xff), long, zero, ...odd, anyChain]) {
      expect(decodeRpcDemand(extra)).toBeUndefined();
      const target = targetAt('http://127.0.0.1:8080/', { kind: SERVICE_KIND.jsonRpc, extra });
      const result = await PROBES[SERVICE_KIND.jsonRpc]!(toolsFor(), target, new AbortController().signal);
      expect(result.reason).toBe(REASON.unsupported);
    }
  });

  it('measures a real node, down to the sample', async () => {
    const anvil = await startAnvil({ chainId: 31_337 });
    try {
      const tools = toolsFor();
      const clock = systemClock();
      const prober = createProber({
        tools,
        consent: grantedConsent(),
        controls: createControls([], clock),
        log: { warn: () => undefined },
      });
      const now = clock.now();
      const slotOf = (slot: number, chainId: bigint) => ({
        service: slot,
        slot: 0,
        atUnixMillis: now,
        target: targetAt(anvil.url, {
          kind: SERVICE_KIND.jsonRpc,
          timeoutMillis: 5_000,
          extra: encodeRpcDemand({ chainId, headAgeSecondsMax: 3_600, depth: 0 }),
        }),
      });
      const epoch = { startUnixMillis: now, endUnixMillis: now + 20_000 };
      const [right, wrong] = await prober.run([slotOf(0, 31_337n), slotOf(1, 1n)], epoch);
      expect(right).toMatchObject({ outcome: OUTCOME.good, reason: REASON.ok, statusCode: 200 });
      expect(right!.finalityMicros).toBeLessThan(3_600_000_000);
      expect(wrong).toMatchObject({ outcome: OUTCOME.bad, reason: REASON.wrongChain, finalityMicros: ABSENT_MICROS });
    } finally {
      await anvil.stop();
    }
  });
});
