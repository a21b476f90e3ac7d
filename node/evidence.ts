import { coalesce } from '../ledger/coalesce.ts';
import type { EpochFacts } from '../ledger/epoch.ts';
import { evidenceOf } from '../ledger/evidence.ts';
import type { Failed } from '../ledger/failure.ts';
import type { Pool } from '../ledger/pool.ts';
import type { Timers } from '../ledger/timers.ts';
import type { OracleFacts } from '../platform/chain/chain.ts';
import type { Folder } from '../platform/files.ts';
import type { Log } from '../platform/log.ts';
import { equalBytes } from '../protocol/bytes.ts';
import { errorMessage } from '../protocol/error.ts';
import {
  decodeEvidence,
  type EpochEvidence,
  EVIDENCE_BYTES_MAX,
  encodeEvidence,
  evidenceName,
} from '../protocol/evidence.ts';

/** What comes within this time is written in one go; a crash before it loses what others keep too. */
export const EVIDENCE_DELAY_MILLIS = 1_000;
/** Epochs whose evidence is held to tell what is new: more than the pool keeps open in any preset. */
export const EVIDENCE_EPOCHS_MAX = 16;

export type EvidenceDeps = {
  readonly facts: OracleFacts;
  readonly epochFacts: (epoch: number) => Promise<EpochFacts>;
  readonly pool: Pool;
  readonly timers: Timers;
  readonly archive: Pick<Folder, 'read' | 'write'> | undefined;
  readonly failed: Failed;
  readonly log: Log;
};

/** Keeps what was heard of refusals and contradictions, as files next to the records. Nothing is written where there is none. */
export function evidenceStage({ facts, epochFacts, pool, timers, archive, failed, log }: EvidenceDeps) {
  const dirty = new Set<number>();
  /** Undefined bytes: nothing is on the disk. */
  const kept = new Map<number, { evidence: EpochEvidence | undefined; bytes: Uint8Array | undefined }>();

  /** What this process wrote, or at first an earlier one. */
  const before = async (folder: NonNullable<typeof archive>, epoch: number) => {
    const known = kept.get(epoch);
    if (known) return known;
    const bytes = await folder.read(evidenceName(epoch), EVIDENCE_BYTES_MAX);
    let evidence: EpochEvidence | undefined;
    try {
      evidence = bytes && decodeEvidence(bytes);
    } catch (error) {
      log.warn({ epoch, reason: errorMessage(error) }, 'stored evidence does not read: it is written anew');
    }
    return { evidence, bytes };
  };

  const keep = async (folder: NonNullable<typeof archive>, epoch: number): Promise<void> => {
    const known = await before(folder, epoch);
    const evidence = evidenceOf(pool, await epochFacts(epoch), facts.domain, known.evidence);
    const bytes = evidence && encodeEvidence(evidence);
    if (bytes && !(known.bytes && equalBytes(bytes, known.bytes))) await folder.write(evidenceName(epoch), bytes);
    kept.set(epoch, { evidence, bytes: bytes ?? known.bytes });
    if (kept.size > EVIDENCE_EPOCHS_MAX) kept.delete(Math.min(...kept.keys()));
  };

  const flush = coalesce(async () => {
    for (const epoch of dirty) {
      dirty.delete(epoch);
      if (archive) await keep(archive, epoch).catch(failed('evidence', epoch));
    }
  }, failed('evidence'));

  return (epoch: number): void => {
    if (!archive || (pool.refusals(epoch).length === 0 && pool.conflicts(epoch).length === 0)) return;
    if (dirty.size === 0) timers.later('evidence', EVIDENCE_DELAY_MILLIS, flush);
    dirty.add(epoch);
  };
}
