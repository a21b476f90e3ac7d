import { type ContractFunctionArgs, zeroHash } from 'viem';
import type { slaMarketAbi } from '../protocol/abi.ts';
import type { Hex } from '../protocol/bytes.ts';
import type { Objective } from '../protocol/settlement.ts';

/** What a customer asks for. Amounts in the token's smallest unit, times in epochs unless the name says otherwise. */
export type Intent = {
  /** Of the service, see SERVICE_KIND. */
  readonly kind: number;
  /** keccak256 of the `extra` that the service must be registered with; any when undefined. */
  readonly extraDigest?: Hex;
  /** The oracle must keep a value of the first objective's metric no older than this; no such demand when undefined. */
  readonly measuredWithinSeconds?: number;
  /** Bids are committed in epochs before this: at least `phaseEpochsMin` after the next epoch. */
  readonly commitUntil: number;
  /** Bids are revealed from `commitUntil` on, before this. */
  readonly revealUntil: number;
  /** Matched from `revealUntil` on, before this: the first epoch of the agreement, a multiple of `windowEpochs`. */
  readonly firstWindowStart: number;
  readonly token: Hex;
  /** 0, the default: all watchers; else one of their regions. */
  readonly vantage?: number;
  /** Length of a period: one of the oracle's windows, at least 2. */
  readonly windowEpochs: number;
  /** 1 to 2,048. */
  readonly periods: number;
  /** The budget: the most that a bid may ask for a period. At least 1. */
  readonly pricePerPeriod: bigint;
  readonly bond: bigint;
  /** What a breach takes from the bond; at most the bond. */
  readonly slashPerPeriod: bigint;
  /** Share of the price that returns when the outcome lies between met and breached: 0 to 1,000,000. */
  readonly creditPpm: number;
  /** From the end of the report's epoch; 0 to 4,096. */
  readonly settleDelayEpochs: number;
  /** So many periods in a row without a verdict end the agreement: 1 to 32. */
  readonly voidsInRowMax: number;
  /** Windows that still run after notice: 1 to 2,048. */
  readonly noticeWindows: number;
  /** Whether a period without a verdict adds a window at the end instead of returning its price. */
  readonly extend: boolean;
  /** 1 to 4. */
  readonly objectives: readonly Objective[];
};

type AbiIntent = ContractFunctionArgs<typeof slaMarketAbi, 'nonpayable', 'post'>[0];

export function intentToAbi(intent: Intent): AbiIntent {
  const { kind, extraDigest = zeroHash, measuredWithinSeconds = 0, ...rest } = intent;
  const { commitUntil, revealUntil, firstWindowStart, vantage = 0, ...terms } = rest;
  return {
    kind,
    extraDigest,
    measuredWithinSeconds: BigInt(measuredWithinSeconds),
    commitUntil: BigInt(commitUntil),
    revealUntil: BigInt(revealUntil),
    firstWindowStart: BigInt(firstWindowStart),
    // A bid names the service.
    terms: { ...terms, vantage, serviceId: zeroHash },
  };
}
