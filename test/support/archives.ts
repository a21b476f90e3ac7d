import type { Archive } from '../../audit/archive.ts';
import { recordName } from '../../protocol/record.ts';

/** Folders of records in memory; `undefined` bytes are a missing file. */
export function memoryArchive(name: string, records: ReadonlyMap<number, Uint8Array | undefined>): Archive {
  return { path: (epoch) => `${name}/${recordName(epoch)}`, read: async (epoch) => records.get(epoch) };
}

/** A copy of the records with one epoch's replaced, or removed. */
export function withRecord(
  records: ReadonlyMap<number, Uint8Array>,
  epoch: number,
  bytes: Uint8Array | undefined,
): Map<number, Uint8Array | undefined> {
  return new Map<number, Uint8Array | undefined>(records).set(epoch, bytes);
}

export function flipped(bytes: Uint8Array, at: number, mask = 0x01): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[at] = copy[at]! ^ mask;
  return copy;
}
