import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { batchText, readBatch } from '../../../node/probe/rpc-batch.ts';

const block = (number: unknown, hash = 'AB') => ({ number, timestamp: '0x10', hash: `0x${hash.repeat(32)}` });
const bytesOf = (value: unknown) => Buffer.from(JSON.stringify(value));
const batch = (results: readonly unknown[]) => results.map((result, id) => ({ jsonrpc: '2.0', id, result }));

describe('a batch', () => {
  it('asks for a block at a height only where there is one to check', () => {
    expect(JSON.parse(batchText(undefined))).toHaveLength(3);
    expect(JSON.parse(batchText(928))[3]).toMatchObject({ method: 'eth_getBlockByNumber', params: ['0x3a0', false] });
  });

  it('is read with hashes in one form, so that no provider differs by its letters', () => {
    const answers = readBatch(bytesOf(batch(['0x7', block('0x400'), null, block('0x3a0')])), 928);
    expect(answers).toMatchObject({
      chainId: 7n,
      final: undefined,
      checked: { number: 928, hash: `0x${'ab'.repeat(32)}` },
    });
  });

  it('is refused with another block than was asked for, and with more or fewer answers', () => {
    expect(readBatch(bytesOf(batch(['0x7', block('0x400'), null, block('0x3a1')])), 928)).toMatch(
      /block 929 where 928/,
    );
    expect(readBatch(bytesOf(batch(['0x7', block('0x400'), null])), 928)).toMatch(/no batch of 4/);
    expect(readBatch(bytesOf(batch(['0x7', block('0x400'), null, null])), undefined)).toMatch(/no batch of 3/);
  });

  it('has no block where the endpoint says null, an error, or nonsense', () => {
    for (const none of [null, 7, { number: '0x3a0' }, block('928'), block('0x10000000000000')]) {
      expect(readBatch(bytesOf(batch(['0x7', block('0x400'), null, none])), 928)).toMatchObject({ checked: undefined });
    }
  });

  it('never throws, whatever the bytes', () => {
    const piece = fc.oneof(
      fc.constantFrom('0x7', null, 'id', 0, 1, 2, 3, -1, 1.5),
      fc.constant(block('0x400')),
      fc.jsonValue(),
    );
    const list = fc.array(
      fc.record({ jsonrpc: fc.constant('2.0'), id: piece, result: piece }, { requiredKeys: ['id'] }),
      { maxLength: 5 },
    );
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), fc.jsonValue().map(bytesOf), list.map(bytesOf)), (bytes) => {
        for (const height of [undefined, 928]) expect(['string', 'object']).toContain(typeof readBatch(bytes, height));
      }),
      { numRuns: 1_000 },
    );
  });
});
