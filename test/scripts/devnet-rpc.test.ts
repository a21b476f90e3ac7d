import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHeadBook } from '../../node/probe/heads.ts';
import { encodeRpcDemand, jsonRpcProbe } from '../../node/probe/jsonrpc.ts';
import { judge } from '../../node/probe/judge.ts';
import type { ProbeTools } from '../../node/probe/line.ts';
import { type Anvil, startAnvil } from '../../platform/chain/anvil.ts';
import { postJson } from '../../platform/post.ts';
import { REASON } from '../../protocol/reason.ts';
import { ABSENT_MICROS, OUTCOME } from '../../protocol/sample.ts';
import { SERVICE_KIND } from '../../protocol/service.ts';
import { type Child, startChild } from '../../scripts/devnet/child.ts';
import { RPC_PROBE, RPC_SERVICES } from '../../scripts/devnet/plan.ts';
import { STALE_BLOCKS } from '../../scripts/devnet/rpc-service.ts';
import { toolsFor } from '../node/probe/raw-server.ts';
import { targetAt } from '../node/probe/target-fixture.ts';

const CHAIN_ID = 31_337;
const PROGRAM = join(import.meta.dirname, '../../scripts/devnet/rpc-service.ts');

let anvil: Anvil;
const children = new Map<string, Child>();
const urls = new Map<string, string>();
const tools: ProbeTools = { ...toolsFor(), heads: createHeadBook(toolsFor().clock) };

beforeAll(async () => {
  anvil = await startAnvil({ chainId: CHAIN_ID });
  const request = { jsonrpc: '2.0', id: 1, method: 'anvil_mine', params: ['0x80'] };
  await postJson(anvil.url, JSON.stringify(request), { millisMax: 10_000, bytesMax: 1_000 });
  for (const { name, manner } of RPC_SERVICES) {
    const log = join(tmpdir(), `plumbline-rpc-${process.pid}-${name}.log`);
    children.set(name, startChild(PROGRAM, ['--name', name, '--manner', manner], name, log));
  }
  for (const [name, child] of children) {
    const { port } = await child.answer('listening');
    urls.set(name, `http://127.0.0.1:${port}/`);
    child.send({ type: 'upstream', url: anvil.url });
  }
});
afterAll(async () => {
  await Promise.all([...children.values()].map((child) => child.stop()));
  await anvil?.stop();
});

/** Asked until it knows its upstream: a message to a process is not answered. */
async function probe(name: string) {
  const { headAgeSecondsMax, depth } = RPC_PROBE;
  const extra = encodeRpcDemand({ chainId: BigInt(CHAIN_ID), headAgeSecondsMax: 60 * headAgeSecondsMax, depth });
  const provider = `0x${Buffer.from(name).toString('hex').padStart(40, '0')}`;
  const target = targetAt(urls.get(name)!, { kind: SERVICE_KIND.jsonRpc, timeoutMillis: 20_000, extra, provider });
  for (;;) {
    const result = await jsonRpcProbe(tools, target, new AbortController().signal);
    if (result.statusCode !== 503) return { ...result, ...judge(result, target) };
  }
}

describe('the JSON-RPC services of a devnet', () => {
  it('are real processes before a real EVM, and each is seen as what it is', async () => {
    for (const name of [...urls.keys(), ...urls.keys()]) await probe(name);
    const seen = Object.fromEntries(await Promise.all([...urls.keys()].map(async (name) => [name, await probe(name)])));
    for (const name of ['rpc-a', 'rpc-b', 'rpc-c']) {
      expect(seen[name], seen[name].detail).toMatchObject({ outcome: OUTCOME.good, headLag: 0, statusCode: 200 });
      expect(seen[name].finalityMicros).toBeLessThan(ABSENT_MICROS);
      expect(seen[name].bodyDigest).toEqual(seen['rpc-a'].bodyDigest);
      expect(seen[name].bodyDigest).not.toEqual(new Uint8Array(32));
    }
    expect(seen['rpc-stale']).toMatchObject({ outcome: OUTCOME.good, headLag: STALE_BLOCKS });
    const bad = { outcome: OUTCOME.bad, statusCode: 200 };
    expect(seen['rpc-ahead']).toMatchObject({ ...bad, reason: REASON.headAhead });
    expect(seen['rpc-fork']).toMatchObject({ ...bad, reason: REASON.wrongHash });
    expect(seen['rpc-fork'].bodyDigest).not.toEqual(seen['rpc-a'].bodyDigest);
    expect(seen['rpc-error']).toMatchObject({ ...bad, reason: REASON.rpcError });
  });
});
