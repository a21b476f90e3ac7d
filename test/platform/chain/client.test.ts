import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { firstBlockAt } from '../../../platform/chain/block.ts';
import { connectRpc, hostOf, type Rpc, revertReason } from '../../../platform/chain/client.ts';
import { submitArgs } from '../../../platform/chain/oracle.ts';
import { headerFromAbi } from '../../../protocol/header.ts';
import { createBench } from '../../support/simnet/bench.ts';

let server: Server | undefined;
afterEach(() => server?.close());

/** A JSON-RPC server that gives the same answer to everything. @returns its URL */
async function answering(answer: (method: string) => object): Promise<string> {
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      const asked = JSON.parse(body) as { id: number; method: string } | { id: number; method: string }[];
      const reply = (one: { id: number; method: string }) => ({ jsonrpc: '2.0', id: one.id, ...answer(one.method) });
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(Array.isArray(asked) ? asked.map(reply) : reply(asked)));
    });
  });
  await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', () => resolve()));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('connecting', () => {
  test('an RPC that nobody serves is unreachable, and the message shows its host and no key', async () => {
    const url = 'http://user:secretpassword@127.0.0.1:1/v3/0123456789abcdef';
    const error = await connectRpc(url).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'chain-unreachable', evidence: { host: '127.0.0.1:1' } });
    const { message } = error as Error;
    expect(message).toContain('127.0.0.1:1');
    expect(message).not.toContain('secretpassword');
    expect(message).not.toContain('0123456789abcdef');
  });

  test('something that answers and is no chain is unreachable too', async () => {
    const url = await answering(() => ({ error: { code: -32_601, message: 'no such method' } }));
    await expect(connectRpc(url)).rejects.toMatchObject({ code: 'chain-unreachable' });
  });

  test('the chain says which it is', async () => {
    const url = await answering(() => ({ result: '0x2a' }));
    expect(await connectRpc(url)).toMatchObject({ chainId: 42, url });
  });

  test('what is no URL has no host', () => {
    expect(hostOf('not a url')).toBe('the configured rpc (not a URL)');
  });
});

describe('a revert’s reason', () => {
  test('is the contract’s error with its arguments, however deep it is wrapped', () => {
    const inner = Object.assign(new Error('inner'), { data: { errorName: 'WrongPrevious', args: [1n, '0xab'] } });
    expect(revertReason(new Error('outer', { cause: new Error('middle', { cause: inner }) }))).toBe(
      'WrongPrevious(1, 0xab)',
    );
    const bare = Object.assign(new Error('bare'), { data: { errorName: 'NothingToSeal' } });
    expect(revertReason(bare)).toBe('NothingToSeal()');
  });

  test('is the first line of anything else', () => {
    expect(revertReason(new Error('first\nsecond'))).toBe('first');
    expect(revertReason('text')).toBe('text');
  });
});

describe('the first block at or after a time', () => {
  const chainOf = (timestamps: readonly number[]) => {
    let calls = 0;
    const client = {
      getBlock: async ({ blockNumber }: { blockNumber: bigint }) => {
        calls++;
        return { number: blockNumber, timestamp: BigInt(timestamps[Number(blockNumber)]!) };
      },
    };
    return { client: client as unknown as Rpc['client'], calls: () => calls };
  };

  test.each([
    [0, 0],
    [10, 0],
    [11, 1],
    [20, 1],
    [25, 2],
    [40, 4],
  ])('at %i is block %i', async (time, expected) => {
    const { client } = chainOf([10, 20, 30, 30, 40]);
    expect((await firstBlockAt(client, time, 0, 4)).number).toBe(BigInt(expected));
  });

  test('is not known when the newest final block is earlier', async () => {
    const { client } = chainOf([10, 20]);
    await expect(firstBlockAt(client, 21, 0, 1)).rejects.toMatchObject({ code: 'not-final' });
  });

  test('takes few calls', async () => {
    const { client, calls } = chainOf(Array.from({ length: 100_000 }, (_, i) => i * 2));
    expect((await firstBlockAt(client, 77_777, 0, 99_999)).number).toBe(38_889n);
    expect(calls()).toBeLessThan(25);
  });
});

test('a certificate becomes the arguments of submitReport: header, view, two words of signers, the long signature', () => {
  const bench = createBench(3);
  const { header } = bench.report([0, 1]).report;
  const certificate = { header, view: 2, signers: [0, 3, 256, 511], signature: new Uint8Array(48).fill(7) };
  const [abi, view, signers, signature] = submitArgs(certificate, bench.bls.signatureToEvm);
  expect(headerFromAbi(abi)).toEqual(header);
  expect(view).toBe(2);
  expect(signers).toEqual([0b1001n, (1n << 255n) + 1n]);
  expect(signature).toBe(`0x${'07'.repeat(48)}${'00'.repeat(80)}`);
});
