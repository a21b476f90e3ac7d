import { decodeFunctionData, isAddressEqual } from 'viem';
import { getTransaction, readContract } from 'viem/actions';
import { measurementOracleAbi } from '../protocol/abi.ts';
import type { Hex } from '../protocol/bytes.ts';
import { PlumblineError } from '../protocol/error.ts';
import type { ReadingClient } from './clients.ts';
import type { Deployment } from './deployment.ts';
import { orFailure } from './failure.ts';
import { reportOf } from './find-report.ts';
import { readOracleClock } from './oracle-clock.ts';
import type { Report } from './report.ts';

export type ReportWithCertificate = Report & {
  /** The aggregate signature, a point of G1 in the form of EIP-2537, 128 bytes. Undefined when the report came through another contract. */
  readonly signature: Hex | undefined;
  /** Whether the oracle still keeps its results root: `verifyLeaf` and `settle` need it, at least 8,192 epochs long. */
  readonly isRootKept: boolean;
};

/**
 * A report from the chain: its header, hash, certificate and results root.
 * @param epoch whole, from 0; undefined for the last report that landed
 * @throws PlumblineError `report-pending` while the report may still land (or none has landed at all), `report-missing` when
 * the epoch is a gap for ever, `field`, `no-contract`, `rpc`
 */
export async function getReport(
  client: ReadingClient,
  { deployment, epoch }: { readonly deployment: Pick<Deployment, 'oracle' | 'deployBlock'>; readonly epoch?: number },
): Promise<ReportWithCertificate> {
  const { oracle } = deployment;
  const clock = await readOracleClock(client, oracle);
  if (epoch === undefined && clock.nextEpoch === 0) {
    throw new PlumblineError('report-pending', 'no report has landed yet: try again later', { nextEpoch: 0 });
  }
  const report = await reportOf(client, deployment, clock, epoch ?? clock.nextEpoch - 1);
  return orFailure(`reading the report of epoch ${report.epoch}`, async () => {
    const args = [BigInt(report.epoch), report.header.resultsRoot] as const;
    const [isRootKept, signature] = await Promise.all([
      readContract(client, { address: oracle, abi: measurementOracleAbi, functionName: 'isKnownRoot', args }),
      signatureOf(client, oracle, report),
    ]);
    return { ...report, signature, isRootKept };
  });
}

async function signatureOf(client: ReadingClient, oracle: Hex, { txHash }: Report): Promise<Hex | undefined> {
  const { to, input } = await getTransaction(client, { hash: txHash });
  if (!to || !isAddressEqual(to, oracle)) return undefined;
  const { functionName, args } = decodeFunctionData({ abi: measurementOracleAbi, data: input });
  return functionName === 'submitReport' ? args[3] : undefined;
}
