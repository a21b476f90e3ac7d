import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ABSTENTION_BYTES_MAX, type Abstention, abstentionName, decodeAbstention } from '../protocol/abstention.ts';
import { errorCode, PlumblineError } from '../protocol/error.ts';
import { EVIDENCE_BYTES_MAX, evidenceName } from '../protocol/evidence.ts';
import { RECORD_BYTES_MAX, recordName } from '../protocol/record.ts';

/** A folder of epoch records: one watcher's, or a downloaded copy. */
export type Archive = {
  /** The path shown for an epoch's record. */
  path(epoch: number): string;
  /**
   * Undefined when the folder has no record of the epoch.
   * @param bytesMax for a report of as many batches as the chain says
   * @throws PlumblineError `archive` when it is longer or cannot be read
   */
  read(epoch: number, bytesMax?: number): Promise<Uint8Array | undefined>;
};

/** What a folder of records holds besides: evidence against seats, of the epochs that have any. */
export type EvidenceFolder = {
  path(epoch: number): string;
  /** Epochs of which it has evidence. @throws PlumblineError `archive` when the folder cannot be read */
  epochs(): Promise<ReadonlySet<number>>;
  /** Undefined when the folder has none of the epoch. @throws PlumblineError `archive` when it cannot be read */
  read(epoch: number): Promise<Uint8Array | undefined>;
};

/** @param shown how the folder is named in verdicts */
export function folderArchive(folder: string, shown = folder): Archive {
  const path = (epoch: number) => join(shown, recordName(epoch));
  return {
    path,
    read: (epoch, bytesMax = RECORD_BYTES_MAX) => readBounded(join(folder, recordName(epoch)), path(epoch), bytesMax),
  };
}

/** Where a watcher notes the epochs that it measured and did not sign; of one folder, so of one watcher. */
export type NoteFolder = {
  /** Undefined when it has none of the epoch. @throws PlumblineError `archive` or `decode` */
  read(epoch: number): Promise<Abstention | undefined>;
};

/** @param shown how the folder is named in verdicts */
export function folderNotes(folder: string, shown = folder): NoteFolder {
  return {
    read: async (epoch) => {
      const name = abstentionName(epoch);
      const bytes = await readBounded(join(folder, name), join(shown, name), ABSTENTION_BYTES_MAX);
      return bytes && decodeAbstention(bytes);
    },
  };
}

/** @param shown how the folder is named in verdicts */
export function folderEvidence(folder: string, shown = folder): EvidenceFolder {
  const path = (epoch: number) => join(shown, evidenceName(epoch));
  return {
    path,
    read: (epoch) => readBounded(join(folder, evidenceName(epoch)), path(epoch), EVIDENCE_BYTES_MAX),
    epochs: async () => {
      const names = await readdir(folder).catch((error: unknown) => {
        if (errorCode(error) === 'ENOENT') return [];
        throw unreadable(shown, error);
      });
      return new Set(names.map(epochOfEvidence).filter((epoch) => epoch !== undefined));
    },
  };
}

function epochOfEvidence(name: string): number | undefined {
  const epoch = Number(/^evidence-(\d+)\.ssz$/.exec(name)?.[1]);
  return Number.isSafeInteger(epoch) && evidenceName(epoch) === name ? epoch : undefined;
}

async function readBounded(path: string, shown: string, bytesMax: number): Promise<Uint8Array | undefined> {
  const file = await open(path).catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw unreadable(shown, error);
  });
  if (!file) return undefined;
  try {
    // Looked at before it is read: a folder may hold anything under that name.
    const { size } = await file.stat();
    if (size > bytesMax) throw new PlumblineError('archive', `${shown}: ${size} bytes, at most ${bytesMax}`);
    return new Uint8Array(await file.readFile());
  } catch (error) {
    throw error instanceof PlumblineError ? error : unreadable(shown, error);
  } finally {
    await file.close();
  }
}

function unreadable(path: string, error: unknown): PlumblineError {
  return new PlumblineError(
    'archive',
    `${path}: cannot be read (${errorCode(error)}); check its permissions`,
    {},
    error,
  );
}
