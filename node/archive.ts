import type { Followed } from '../ledger/ledger.ts';
import type { Folder } from '../platform/files.ts';
import { abstentionName } from '../protocol/abstention.ts';
import { bitmapOf } from '../protocol/bitmap.ts';
import { fromHex } from '../protocol/bytes.ts';
import { evidenceName } from '../protocol/evidence.ts';
import { encodeLeaf } from '../protocol/leaf.ts';
import { encodeRecord, recordName } from '../protocol/record.ts';

/** Files removed for one new head: records and evidence of a day of one-minute epochs, so that a long gap stalls no round. */
export const PRUNE_FILES_MAX = 2_880;

export type ArchiveDeps = {
  readonly archive: Folder | undefined;
  /** Epochs that stay; 0 keeps all. */
  readonly archiveEpochs: number;
};

/** Writes the record of every report that landed: all that a stranger needs to compute it again. */
export function archiveStage({ archive }: { readonly archive: Pick<Folder, 'write'> | undefined }) {
  return async ({ landed, report, observations, reveals }: Followed): Promise<void> => {
    if (!archive) return;
    const [signersLow, signersHigh] = bitmapOf(landed.signers);
    const bytes = encodeRecord({
      header: landed.header,
      view: landed.view,
      signersLow,
      signersHigh,
      observations,
      reveals,
      leaves: report.leaves.map((leaf) => fromHex(encodeLeaf(leaf))),
    });
    await archive.write(recordName(landed.header.epoch), bytes);
  };
}

/** Removes records, evidence and notes older than the archive's retention; other files in the folder are left alone. */
export function pruneArchiveStage({ archive, archiveEpochs }: ArchiveDeps) {
  /** Nothing older is left; unknown until the folder was listed. */
  let clearedBelow: number | undefined;

  const listed = async (
    folder: Folder,
    below: number,
  ): Promise<{ names: string[]; clearedBelow: number | undefined }> => {
    const old = (await folder.names()).filter((name) => (epochOfFile(name) ?? below) < below);
    const names = old.slice(0, PRUNE_FILES_MAX);
    return { names, clearedBelow: names.length === old.length ? below : undefined };
  };

  return async (epoch: number): Promise<void> => {
    const below = epoch - archiveEpochs;
    if (!archive || archiveEpochs === 0 || below <= (clearedBelow ?? 0)) return;
    if (clearedBelow === undefined || below - clearedBelow > PRUNE_FILES_MAX / 2) {
      const found = await listed(archive, below);
      for (const name of found.names) await archive.remove(name);
      clearedBelow = found.clearedBelow;
      return;
    }
    for (; clearedBelow < below; clearedBelow++) {
      await archive.remove(recordName(clearedBelow));
      await archive.remove(evidenceName(clearedBelow));
      await archive.remove(abstentionName(clearedBelow));
    }
  };
}

function epochOfFile(name: string): number | undefined {
  const epoch = Number(/^(?:epoch|evidence|abstained)-(\d{9,16})\.ssz$/.exec(name)?.[1]);
  return Number.isSafeInteger(epoch) ? epoch : undefined;
}
