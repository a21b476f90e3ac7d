import { join } from 'node:path';
import { folderArchive } from '../../audit/archive.ts';
import { AUDIT_EXIT } from '../../audit/check.ts';
import { landedReports } from '../../audit/epoch.ts';
import { replay } from '../../audit/replay.ts';
import { openSource, type Source } from '../../audit/source.ts';
import type { Deployed } from '../../platform/deploy/deploy.ts';
import { toHex } from '../../protocol/bytes.ts';
import type { LandedReport } from '../../protocol/certificate.ts';
import { errorMessage } from '../../protocol/error.ts';
import { recordName } from '../../protocol/record.ts';
import { readDisk } from './disk.ts';
import { type Heard, readHeard } from './heard.ts';
import type { Signatures } from './signatures.ts';

/** What a stopped devnet left behind. */
export type Remains = {
  readonly directory: string;
  readonly rpc: string;
  readonly chainId: number;
  readonly deployed: Deployed;
  readonly watchers: readonly { readonly directory: string; readonly watcher: Uint8Array }[];
  /** What listeners wrote. */
  readonly heard: readonly string[];
  /** What is known of signatures from before the end. */
  readonly signatures: Signatures;
};

export type Examined = {
  readonly reports: number;
  readonly heard: Heard['messages'];
  readonly signatures: number;
  /**
   * From the end of an epoch until a commit was heard, median and 90th percentile. Where it is not well below the
   * parameter commitMillis, something else has the processors, watchers miss their moments, and no report is owed. Milliseconds.
   */
  readonly commitHeard: { readonly p50Millis: number; readonly p90Millis: number };
  readonly slots: number;
  readonly batches: number;
  readonly observationSets: number;
  readonly records: number;
  /** Reports that a watcher has no record of, over all watchers: it was down, or took a snapshot. */
  readonly recordsAbsent: number;
  readonly evidence: number;
  readonly drafts: number;
  readonly faults: readonly string[];
};

/** Reads every disk and the chain that was left, when everything is stopped, and says what does not hold. */
export async function examine(remains: Remains): Promise<Examined> {
  const source = await openSource({
    rpc: remains.rpc,
    chainId: remains.chainId,
    addresses: remains.deployed,
    statePath: join(remains.directory, 'anvil-state.json'),
    hasEnded: true,
  });
  try {
    return await examineWith(source, remains);
  } finally {
    await source.close();
  }
}

async function examineWith(source: Source, remains: Remains): Promise<Examined> {
  const { signatures, watchers } = remains;
  const history: LandedReport[] = [];
  for await (const landed of landedReports(source.chain)) history.push(landed);
  const newest = history.at(-1);
  const faults: string[] = [];
  const sums = { batches: 0, observationSets: 0, records: 0, evidence: 0, drafts: 0 };
  for (const [id, { directory, watcher }] of watchers.entries()) {
    const where = `watcher ${id} at the end`;
    const disk = await readDisk(directory, watcher, history, where);
    for (const name of Object.keys(sums) as (keyof typeof sums)[]) sums[name] += disk[name];
    if (disk.journal) signatures.takeJournal(disk.journal);
    faults.push(...disk.faults);
    const wanted = newest?.header.epoch ?? -1;
    if (disk.stateEpoch !== undefined && disk.stateEpoch !== wanted) {
      faults.push(`${where}: its state is that of epoch ${disk.stateEpoch}, the chain's head that of ${wanted}`);
    }
  }
  const { domain, calendar } = source.chain.facts;
  const set = await source.chain.setAt(newest?.header.epoch ?? 0);
  const heard = await readHeard(remains.heard, { domain, set, calendar, bls: source.bls });
  for (const one of heard.signatures) signatures.hear(one);
  faults.push(...heard.faults, ...signatures.faults(), ...(newest ? await audit(source, remains, newest) : []));
  return {
    reports: history.length,
    heard: heard.messages,
    signatures: heard.signatures.length,
    commitHeard: { p50Millis: quantile(heard.commitMillis, 0.5), p90Millis: quantile(heard.commitMillis, 0.9) },
    slots: signatures.slots,
    ...sums,
    recordsAbsent: history.length * watchers.length - sums.records,
    faults,
  };
}

/** @param sorted ascending */
function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.floor(share * (sorted.length - 1))] ?? 0;
}

/** Computes every report again from the archives: they must have each of them, whole, and give what is on chain. */
async function audit(source: Source, { directory, watchers }: Remains, newest: LandedReport): Promise<string[]> {
  const archives = watchers.map((one) => folderArchive(join(one.directory, 'archive')));
  const { epoch } = newest.header;
  try {
    const verdict = await replay({ ...source, archives }, { epoch, earlierSignatures: true });
    if (verdict.exit === AUDIT_EXIT.follows) return [];
    const failed = verdict.sections.flatMap(({ checks }) => checks).filter(({ ok }) => ok !== true);
    return [
      `audit of ${directory}: ${verdict.conclusion}`,
      ...failed.map(({ what, detail }) => `${what}: ${detail ?? ''}`),
    ];
  } catch (error) {
    return [`audit of ${toHex(newest.reportHash)} (${recordName(epoch)}): ${errorMessage(error)}`];
  }
}
