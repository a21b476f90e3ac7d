import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { equalBytes } from '../../protocol/bytes.ts';
import type { LandedReport } from '../../protocol/certificate.ts';
import { decodeEvidence, evidenceName } from '../../protocol/evidence.ts';
import { encodeHeader, reportHash } from '../../protocol/header.ts';
import { decodeRecord, recordName } from '../../protocol/record.ts';

export type ArchiveReading = {
  readonly records: number;
  /** Files of what was refused. */
  readonly evidence: number;
  /** Files whose writing was cut off: whoever is killed leaves the draft. */
  readonly drafts: number;
};

/** Notes what is thrown as a fault. */
export type Attempt = <T>(what: string, read: () => Promise<T> | T) => Promise<T | undefined>;

export function fail(what: string): never {
  throw new RangeError(what);
}

/** Reads every file of an archive and holds it against the chain. */
export async function readArchive(
  folder: string,
  history: readonly LandedReport[],
  attempt: Attempt,
): Promise<ArchiveReading> {
  const files = await readdir(folder).catch(() => []);
  const counts = { records: 0, evidence: 0, drafts: 0 };
  for (const file of files) {
    if (file.endsWith('.tmp')) {
      counts.drafts++;
      continue;
    }
    const isEvidence = file.startsWith('evidence-');
    counts[isEvidence ? 'evidence' : 'records']++;
    await attempt(`archive/${file}`, async () => {
      const bytes = new Uint8Array(await readFile(join(folder, file)));
      if (isEvidence) checkEvidence(file, bytes);
      else checkRecord(file, bytes, history);
    });
  }
  return counts;
}

function checkRecord(file: string, bytes: Uint8Array, history: readonly LandedReport[]): void {
  const { header } = decodeRecord(bytes);
  const landed = history.find((one) => one.header.epoch === header.epoch);
  if (file !== recordName(header.epoch)) fail(`it holds epoch ${header.epoch}`);
  if (!landed || !equalBytes(reportHash(header), landed.reportHash)) fail('its report is not the one on chain');
  if (!equalBytes(encodeHeader(header), encodeHeader(landed.header))) fail('its header is not the one on chain');
}

/** A watcher keeps both sides of a contradiction that it heard: here nobody may have signed one. */
function checkEvidence(file: string, bytes: Uint8Array): void {
  const { epoch, equivocations } = decodeEvidence(bytes);
  if (file !== evidenceName(epoch)) fail(`it holds epoch ${epoch}`);
  for (const { seat, view } of equivocations) fail(`seat ${seat} signed two things for one slot, view ${view}`);
}
