import { encodeAbiParameters, isAddress, isHex, keccak256, size } from 'viem';
import type { Hex } from '../protocol/bytes.ts';
import { PlumblineError } from '../protocol/error.ts';

/** A bid and the salt that opens it. Whoever knows it before the reveal knows the price; whoever loses it loses the deposit. */
export type SealedBid = {
  readonly chainId: number;
  readonly market: Hex;
  readonly intentId: bigint;
  readonly bidder: Hex;
  readonly serviceId: Hex;
  /** Token units. */
  readonly pricePerPeriod: bigint;
  /** 32 random bytes. */
  readonly salt: Hex;
};

const COMMITMENT = [
  { type: 'uint256' },
  { type: 'address' },
  { type: 'uint256' },
  { type: 'address' },
  { type: 'bytes32' },
  { type: 'uint128' },
  { type: 'bytes32' },
] as const;

/** What the market's `commitmentOf` gives. */
export function commitmentOf(bid: SealedBid): Hex {
  const { chainId, market, intentId, bidder, serviceId, pricePerPeriod, salt } = bid;
  const values = [BigInt(chainId), market, intentId, bidder, serviceId, pricePerPeriod, salt] as const;
  return keccak256(encodeAbiParameters(COMMITMENT, values));
}

/** One line of JSON, for a file that only you can read. */
export function serializeSealedBid(bid: SealedBid): string {
  const { intentId, pricePerPeriod } = bid;
  const text = { ...bid, intentId: `${intentId}`, pricePerPeriod: `${pricePerPeriod}`, commitment: commitmentOf(bid) };
  return JSON.stringify(text);
}

/** The inverse of serializeSealedBid. @throws PlumblineError `sealed-bid` for anything else, and when a character was changed */
export function parseSealedBid(text: string): SealedBid {
  try {
    const { commitment, ...kept } = JSON.parse(text) as Record<keyof SealedBid | 'commitment', string>;
    const bid = {
      ...kept,
      chainId: Number(kept.chainId),
      intentId: BigInt(kept.intentId),
      pricePerPeriod: BigInt(kept.pricePerPeriod),
    } as SealedBid;
    const words = [bid.serviceId, bid.salt].every((word) => isHex(word) && size(word) === 32);
    if (words && [bid.market, bid.bidder].every((one) => isAddress(one)) && commitmentOf(bid) === commitment)
      return bid;
  } catch {
    // Told below.
  }
  throw new PlumblineError('sealed-bid', 'this is not what serializeSealedBid wrote, or it was changed since');
}
