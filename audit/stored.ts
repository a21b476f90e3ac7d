import { seatsOf } from '../protocol/bitmap.ts';
import { equalBytes } from '../protocol/bytes.ts';
import type { LandedReport } from '../protocol/certificate.ts';
import { errorMessage, PlumblineError } from '../protocol/error.ts';
import { recordBytesMax, recordName } from '../protocol/record.ts';
import type { Counted, Report } from '../protocol/report.ts';
import type { Archive } from './archive.ts';
import type { BatchRules, ExaminedBatch } from './batch.ts';
import { type Check, fail, pass, unknown } from './check.ts';
import type { EpochFacts } from './epoch.ts';
import { firstDifference, regionAt } from './layout.ts';
import { type ExaminedRecord, examineRecord, leafDamage } from './record.ts';

/** All stored records of one epoch, looked at together. */
export type StoredRecords = {
  /** The batches that the report counted, from the best record; undefined when no record has all of them. */
  readonly counted: readonly Counted[] | undefined;
  readonly batches: readonly ExaminedBatch[];
  /** The verdict on every file, once the report was recomputed (or could not be). */
  finish(report: Report | undefined): Check[];
};

type Held = { readonly files: string[]; readonly record: ExaminedRecord };

/**
 * Reads every folder's record of an epoch. A sound record is unique: the report on chain fixes everything in it, and a
 * BLS signature has one encoding. So equal files are examined once, and a damaged one can be compared with a sound one.
 */
export async function readRecords(
  rules: BatchRules,
  known: EpochFacts,
  landed: LandedReport,
  archives: readonly Archive[],
): Promise<StoredRecords> {
  const unreadable: Check[] = [];
  const held: Held[] = [];
  const bytesMax = recordBytesMax(countedSeats(landed).length);
  for (const archive of archives) {
    const file = archive.path(known.epoch);
    try {
      const bytes = await archive.read(known.epoch, bytesMax);
      if (!bytes) continue;
      const twin = held.find(({ record }) => equalBytes(record.bytes, bytes));
      if (twin) twin.files.push(file);
      else held.push({ files: [file], record: examineRecord(rules, known, landed, bytes, file) });
    } catch (error) {
      if (!(error instanceof PlumblineError)) throw error;
      unreadable.push(fail(errorMessage(error), { where: { file } }));
    }
  }
  const complete = held.filter(({ record }) => record.counted);
  const best = (complete.find(({ record }) => record.damage.length === 0) ?? complete[0] ?? held[0])?.record;
  return {
    counted: best?.counted,
    batches: best?.batches ?? [],
    finish: (report) => {
      const checks = [...verdicts(held, landed, report), ...unreadable];
      return checks.length > 0 ? checks : [unknown(recordName(known.epoch), `in none of ${archives.length} folders`)];
    },
  };
}

function verdicts(held: readonly Held[], landed: LandedReport, report: Report | undefined): Check[] {
  const { resultsRoot } = landed.header;
  const isOnChain = report !== undefined && equalBytes(report.header.resultsRoot, resultsRoot);
  const computed = report && { leaves: report.leaves, isOnChain };
  const judged = held.map(({ files, record }) => {
    const leaf = record.leaves && leafDamage(record.leaves, resultsRoot, computed, files[0]!);
    return { files, record, damage: leaf ? [...record.damage, leaf] : record.damage };
  });
  const sound = judged.find(({ damage }) => damage.length === 0);
  return judged.flatMap(({ files, record, damage }) =>
    files.flatMap((file): Check[] => {
      if (damage.length === 0) return [pass(file)];
      const place = sound && difference(record.bytes, sound.record.bytes, landed, sound.files[0]!, file);
      return [...(place ? [place] : []), ...damage.map((check) => ({ ...check, where: { ...check.where, file } }))];
    }),
  );
}

function difference(bytes: Uint8Array, sound: Uint8Array, landed: LandedReport, other: string, file: string) {
  const offset = firstDifference(bytes, sound);
  if (offset === undefined) return undefined;
  const seats = countedSeats(landed);
  const what = `damaged: differs from the sound ${other}`;
  if (offset >= sound.length) return fail(what, { where: { file, offset, region: 'end of the file' } });
  const { name, seat } = regionAt(sound, seats, offset);
  return fail(what, {
    where: { file, offset, region: name, ...(seat === undefined ? {} : { seat }) },
    expected: hexByte(sound[offset]),
    got: hexByte(bytes[offset]),
  });
}

function countedSeats({ header }: LandedReport): number[] {
  return seatsOf([header.countedLow, header.countedHigh]);
}

function hexByte(byte: number | undefined): string {
  return byte === undefined ? 'nothing: the file ends' : `0x${byte.toString(16).padStart(2, '0')}`;
}
