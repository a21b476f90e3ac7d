import { getBlock, readContract } from 'viem/actions';
import { measurementOracleAbi } from '../protocol/abi.ts';
import type { Hex } from '../protocol/bytes.ts';
import type { Calendar } from '../protocol/time.ts';
import type { ReadingClient } from './clients.ts';
import { orFailure } from './failure.ts';

/** What an oracle says about time, and how far it is. */
export type OracleClock = {
  readonly calendar: Calendar;
  /** Epochs after the end of an epoch within which its report may land. */
  readonly deadlineEpochs: number;
  /** The lowest epoch that the next report may have: the last landed report is of the one before. 0 before the first. */
  readonly nextEpoch: number;
  /** Unix seconds of the newest block. */
  readonly chainTime: number;
  readonly newestBlock: number;
};

/** @throws PlumblineError `no-contract`, `rpc` */
export function readOracleClock(client: ReadingClient, oracle: Hex): Promise<OracleClock> {
  const read = { address: oracle, abi: measurementOracleAbi } as const;
  return orFailure(`reading the oracle ${oracle}`, async () => {
    const [genesis, epochSeconds, deadlineEpochs, [nextEpoch], newest] = await Promise.all([
      readContract(client, { ...read, functionName: 'genesis' }),
      readContract(client, { ...read, functionName: 'epochSeconds' }),
      readContract(client, { ...read, functionName: 'deadlineEpochs' }),
      readContract(client, { ...read, functionName: 'head' }),
      getBlock(client, { blockTag: 'latest' }),
    ]);
    const calendar = { genesis: Number(genesis), epochSeconds };
    const chain = { chainTime: Number(newest.timestamp), newestBlock: Number(newest.number) };
    return { calendar, deadlineEpochs, nextEpoch: Number(nextEpoch), ...chain };
  });
}
