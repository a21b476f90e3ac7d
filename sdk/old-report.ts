import { equalBytes, fromHex } from '../protocol/bytes.ts';
import { PlumblineError } from '../protocol/error.ts';
import type { AbiHeader } from '../protocol/header.ts';
import { historyProof, historyProofRoot, historyProofToAbi } from '../protocol/historyproof.ts';
import type { ReadingClient } from './clients.ts';
import type { Deployment } from './deployment.ts';
import { reportOf } from './find-report.ts';
import type { OracleClock } from './oracle-clock.ts';
import { type Report, reportsIn } from './report.ts';

/** Reports whose hashes are held to prove one of them: 32 years of one-minute epochs, half a gigabyte of hashes. */
export const HISTORY_REPORTS_MAX = 1 << 24;

/** The last three arguments of `verifyLeafAt`. */
export type OldReportProof = {
  readonly report: AbiHeader;
  readonly history: ReturnType<typeof historyProofToAbi>;
  /** Must be the last report, or one that was kept, at the time of the call. */
  readonly anchor: AbiHeader;
};

/** `verifyLeafAt` does not look at it when the report is the anchor itself. */
const NO_HISTORY: OldReportProof['history'] = { count: 1n, index: 0n, siblings: [], peaks: [] };

/**
 * Leads from a report whose root is no longer kept to the history root of a later one, by the events of all reports up to that.
 * @throws PlumblineError `logs-incomplete` when the events do not hash to what the anchor commits to; `report-missing`, `rpc`
 */
export async function proveOldReport(
  client: ReadingClient,
  deployment: Pick<Deployment, 'oracle' | 'deployBlock'>,
  clock: OracleClock,
  report: Report,
  anchorEpoch = clock.nextEpoch - 1,
): Promise<OldReportProof> {
  const anchor = await reportOf(client, deployment, clock, anchorEpoch);
  if (anchor.reportHash === report.reportHash) {
    return { report: report.header, history: NO_HISTORY, anchor: anchor.header };
  }
  const before = await hashesBefore(client, deployment, anchor);
  const hash = fromHex(report.reportHash);
  const index = before.findIndex((one) => equalBytes(one, hash));
  const proof = index < 0 ? undefined : historyProof(before, index);
  if (!proof || !equalBytes(historyProofRoot(hash, proof), fromHex(anchor.header.historyRoot))) {
    const text = `${before.length} reports were found before that of epoch ${anchor.epoch}, and its history is another one`;
    const remedy =
      'the RPC leaves out events, or the anchor is older than the report: use another RPC, or a later anchor';
    throw new PlumblineError('logs-incomplete', `${text}: ${remedy}`, {
      epoch: report.epoch,
      anchorEpoch: anchor.epoch,
    });
  }
  return { report: report.header, history: historyProofToAbi(proof), anchor: anchor.header };
}

async function hashesBefore(
  client: ReadingClient,
  { oracle, deployBlock }: Pick<Deployment, 'oracle' | 'deployBlock'>,
  anchor: Report,
): Promise<Uint8Array[]> {
  const hashes: Uint8Array[] = [];
  const range = { from: deployBlock, to: anchor.blockNumber };
  for await (const { reportHash } of reportsIn(client, oracle, range)) {
    if (reportHash === anchor.reportHash) return hashes;
    if (hashes.length >= HISTORY_REPORTS_MAX) break;
    hashes.push(fromHex(reportHash));
  }
  return hashes;
}
