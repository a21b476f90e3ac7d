import { describe, expect, test } from 'vitest';
import { commitmentOf, parseSealedBid, type SealedBid, serializeSealedBid } from '../../sdk/sealed-bid.ts';

const BID: SealedBid = {
  chainId: 31_337,
  market: `0x${'11'.repeat(20)}`,
  intentId: 2n ** 70n,
  bidder: `0x${'22'.repeat(20)}`,
  serviceId: `0x${'33'.repeat(32)}`,
  pricePerPeriod: 10n ** 19n,
  salt: `0x${'44'.repeat(32)}`,
};

describe('a sealed bid', () => {
  test('comes back from its text as it was', () => {
    const text = serializeSealedBid(BID);
    expect(text).not.toContain('\n');
    expect(parseSealedBid(text)).toEqual(BID);
  });

  test('binds every field', () => {
    const others: Partial<SealedBid>[] = [
      { chainId: 1 },
      { market: `0x${'12'.repeat(20)}` },
      { intentId: 1n },
      { bidder: `0x${'23'.repeat(20)}` },
      { serviceId: `0x${'34'.repeat(32)}` },
      { pricePerPeriod: 1n },
      { salt: `0x${'45'.repeat(32)}` },
    ];
    const all = [BID, ...others.map((change) => ({ ...BID, ...change }))].map(commitmentOf);
    expect(new Set(all).size).toBe(8);
  });

  test.each([
    ['nothing', ''],
    ['no object', '7'],
    ['null', 'null'],
    ['a changed digit of the price', serializeSealedBid(BID).replace('10000000000000000000', '10000000000000000001')],
    ['half of it', serializeSealedBid(BID).slice(0, 200)],
    ['a missing field', serializeSealedBid(BID).replace('"chainId":31337,', '')],
  ])('%s is refused', (_what, text) => {
    expect(() => parseSealedBid(text)).toThrow(expect.objectContaining({ code: 'sealed-bid' }));
  });
});
