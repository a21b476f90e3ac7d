import { getContractEvents } from 'viem/actions';
import { measurementOracleAbi } from '../protocol/abi.ts';
import { seatsOf } from '../protocol/bitmap.ts';
import type { Hex } from '../protocol/bytes.ts';
import type { AbiHeader } from '../protocol/header.ts';
import type { ReadingClient } from './clients.ts';
import { orFailure } from './failure.ts';

/** Blocks asked for in one call: what public RPC providers commonly allow. */
export const LOG_BLOCKS_MAX = 2_000;

/** A report that landed, as its event tells it. */
export type Report = {
  readonly epoch: number;
  readonly reportHash: Hex;
  /** As `verifyLeafAt` takes it; `resultsRoot` is the root of its leaves. */
  readonly header: AbiHeader;
  /** The view in which it was agreed on. */
  readonly view: number;
  /** Seats whose aggregate signature was accepted, ascending: more than two thirds of the stake. */
  readonly signers: readonly number[];
  readonly txHash: Hex;
  readonly blockNumber: number;
  readonly blockHash: Hex;
};

/**
 * Reports that landed in blocks from .. to, oldest first, in calls of LOG_BLOCKS_MAX blocks.
 * @param epoch of the only one that is wanted; undefined for all
 * @throws PlumblineError `rpc`
 */
export async function* reportsIn(
  client: ReadingClient,
  oracle: Hex,
  range: { readonly from: number; readonly to: number; readonly epoch?: number },
): AsyncGenerator<Report> {
  const filter = range.epoch === undefined ? {} : { args: { epoch: BigInt(range.epoch) } };
  const event = { address: oracle, abi: measurementOracleAbi, eventName: 'ReportAccepted', strict: true } as const;
  for (let from = range.from; from <= range.to; from += LOG_BLOCKS_MAX) {
    const to = Math.min(range.to, from + LOG_BLOCKS_MAX - 1);
    const blocks = { fromBlock: BigInt(from), toBlock: BigInt(to) };
    const logs = await orFailure(`reading reports in blocks ${from} to ${to}`, () =>
      getContractEvents(client, { ...event, ...filter, ...blocks }),
    );
    for (const { args, transactionHash, blockNumber, blockHash } of logs) {
      yield {
        epoch: Number(args.epoch),
        reportHash: args.reportHash,
        header: args.header,
        view: args.view_,
        signers: seatsOf([args.signers[0], args.signers[1]]),
        txHash: transactionHash,
        blockNumber: Number(blockNumber),
        blockHash,
      };
    }
  }
}
