import type { Followed } from '../ledger/ledger.ts';
import type { Folder } from '../platform/files.ts';
import { bitmapOf } from '../protocol/bitmap.ts';
import { fromHex } from '../protocol/bytes.ts';
import { encodeLeaf } from '../protocol/leaf.ts';
import { encodeRecord, recordName } from '../protocol/record.ts';

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
